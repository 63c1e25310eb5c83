// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// load loads the modules and mounts the file systems. What is there already is
// passed over in silence, as ever.
func (s *service) load() error {
	s.say("checking debugfs...")
	actions, err := s.manager(true).Load(s.ctx)
	s.sayActions(actions)
	if err != nil {
		return err
	}
	return s.touchSubsystem()
}

// unload undoes that.
func (s *service) unload() error {
	unloaded, err := s.manager(true).Unload(s.ctx)
	s.sayActions(unloaded.Actions)
	if err != nil {
		return err
	}
	if err := os.Remove(s.path(subsystem)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// subsystem tells the rc scripts of Red Hat and its kin that at shutdown there is
// something to stop.
const subsystem = "/var/lock/subsys/o2cb"

// touchSubsystem makes that file where such scripts are.
func (s *service) touchSubsystem() error {
	if _, err := os.Stat(s.path(filepath.Dir(subsystem))); err != nil {
		return nil
	}
	f, err := os.OpenFile(s.path(subsystem), os.O_WRONLY|os.O_CREATE|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

// sayActions prints a line for each thing that was changed.
func (s *service) sayActions(actions []stack.Action) {
	for _, a := range actions {
		if line := actionLine(a); line != "" && !a.Already {
			s.say("%s: OK", line)
		}
	}
}

// actionLine is the init script's line for something that was loaded or unloaded;
// empty where it never had one.
func actionLine(a stack.Action) string {
	switch a.Verb {
	case stack.LoadModule:
		if name := moduleName(a.Object); name != "" {
			return "Loading " + name
		}
	case stack.RemoveModule:
		return `Unloading module "` + a.Object + `"`
	case stack.MakeDir:
		return "Creating directory '" + a.Object + "'"
	case stack.Mounting:
		if fs := fileSystem(a.Object); fs != "" {
			return "Mounting " + fs + " filesystem at " + a.Object
		}
	case stack.Unmounting:
		if fs := fileSystem(a.Object); fs != "" {
			return "Unmounting " + fs + " filesystem"
		}
	}
	return ""
}

// moduleName returns what the script calls a module that it loads; it says nothing of
// the stack glue.
func moduleName(module string) string {
	switch module {
	case "ocfs2_stack_o2cb":
		return `stack plugin "o2cb"`
	case "ocfs2_stackglue":
		return ""
	}
	return `filesystem "` + module + `"`
}

// fileSystem returns what is mounted in one of the places of the stack; empty for
// debugfs, of which the script says only that it checks it.
func fileSystem(mountPoint string) string {
	switch filepath.Base(mountPoint) {
	case "dlm":
		return "ocfs2_dlmfs"
	case "config":
		return "configfs"
	}
	return ""
}
