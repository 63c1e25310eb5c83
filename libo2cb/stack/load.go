// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// ActiveStackError says that another cluster stack is at work and cannot be
// exchanged now.
type ActiveStackError struct {
	Label  string // the selected stack
	Plugin string // the plugin at work; empty when only the label differs
}

// Error returns one line with what to do.
func (e *ActiveStackError) Error() string {
	return fmt.Sprintf("cluster stack %s is in use (plugin %s), not o2cb; unmount its volumes and stop its cluster first", e.Label, e.Plugin)
}

// Load loads the modules of the o2cb stack and mounts configfs, dlmfs and, where
// the kernel has it, debugfs. What is there already is left alone. It returns
// what it did and found, in order, and tells observe, which may be nil, at once.
//
// The first change is preceded by a record of what was there (load.json in
// /run/o2cb), by which [Stack.Unload] leads back. When Load fails, what it did
// stays; calling it again goes on, Unload takes it back. Needs root.
//
// It fails with an [*ActiveStackError] while a file system or a domain of
// another stack is in use.
func (s *Stack) Load(ctx context.Context, observe func(Action)) ([]Action, error) {
	l := &loading{Stack: s, ctx: ctx, done: newActions(observe)}
	err := l.run()
	return l.done.list, err
}

// loading is one call of Load.
type loading struct {
	*Stack
	ctx      context.Context
	done     actions
	recorded bool
}

func (l *loading) run() error {
	steps := []func() error{
		func() error { return l.module("configfs", func() (bool, error) { return l.hasType("configfs") }) },
		l.mountConfigFS,
		l.mountDebugFS,
		func() error {
			return l.module("ocfs2_stackglue", func() (bool, error) { return l.exists(glueDir + "/cluster_stack") })
		},
		l.selectStack,
		func() error { return l.module("ocfs2_stack_o2cb", l.hasPlugin) },
		func() error { return l.module("ocfs2_dlmfs", func() (bool, error) { return l.hasType("ocfs2_dlmfs") }) },
		l.mountDLMFS,
	}
	for _, step := range steps {
		if err := context.Cause(l.ctx); err != nil {
			return fmt.Errorf("load: %w", err)
		}
		if err := step(); err != nil {
			return fmt.Errorf("load: %w", err)
		}
	}
	return nil
}

// change does what an action says, after the record is safe, and reports it.
func (l *loading) change(verb Verb, object string, do func() error) error {
	if err := l.record(); err != nil {
		return err
	}
	l.log.WithField("object", object).Debug(string(verb))
	if err := do(); err != nil {
		return err
	}
	l.done.add(verb, object, false)
	return nil
}

// record writes down what is there, unless an earlier Load did.
func (l *loading) record() error {
	if l.recorded {
		return nil
	}
	b, err := l.readRecord()
	if err != nil {
		return err
	}
	if b == nil {
		if b, err = l.look(); err != nil {
			return err
		}
		if err := l.writeRecord(b); err != nil {
			return fmt.Errorf("note what was loaded before: %w", err)
		}
	}
	l.recorded = true
	return nil
}

// module loads a module unless there says that what it brings is there, built
// in or loaded.
func (l *loading) module(name string, there func() (bool, error)) error {
	ok, err := there()
	if err != nil {
		return err
	}
	if ok {
		l.done.add(LoadModule, name, true)
		return nil
	}
	return l.change(LoadModule, name, func() error {
		if err := l.sys.modprobe(l.ctx, name); err != nil {
			return err
		}
		ok, err := there()
		if err == nil && !ok {
			err = fmt.Errorf("load module %s: modprobe succeeded and the module is not there; look for a line about it in /etc/modprobe.d", name)
		}
		return err
	})
}

func (l *loading) mountConfigFS() error {
	target, err := l.ConfigFS()
	if err == nil {
		l.done.add(Mounting, target, true)
		return nil
	}
	if !errors.Is(err, ErrNotMounted) {
		return err
	}
	dir := configfsDir
	if ok, err := l.exists(dir); err != nil {
		return err
	} else if !ok {
		dir = configfsOld
	}
	return l.mountOn("configfs", dir, configfsMagic)
}

// mountDebugFS mounts debugfs where the kernel has it and a place for it.
func (l *loading) mountDebugFS() error {
	has, err := l.hasType("debugfs")
	if err != nil || !has {
		return err
	}
	target, err := l.DebugFS()
	if err == nil {
		l.done.add(Mounting, target, true)
		return nil
	}
	if !errors.Is(err, ErrNotMounted) {
		return err
	}
	if ok, err := l.exists(debugfsDir); err != nil || !ok {
		return err
	}
	return l.mountOn("debugfs", debugfsDir, debugfsMagic)
}

func (l *loading) mountDLMFS() error {
	target, err := l.DLMFS()
	if err == nil {
		l.done.add(Mounting, target, true)
		return nil
	}
	if !errors.Is(err, ErrNotMounted) {
		return err
	}
	return l.mountOn("ocfs2_dlmfs", dlmfsDir, dlmfsMagic)
}

// mountOn mounts a pseudo file system on a directory, which it makes if need be.
func (l *loading) mountOn(fstype, dir string, magic int64) error {
	target := l.path(dir)
	ok, err := l.exists(dir)
	if err != nil {
		return err
	}
	if !ok {
		if err := l.change(MakeDir, target, func() error { return os.Mkdir(target, 0o755) }); err != nil {
			return err
		}
	}
	return l.change(Mounting, target, func() error {
		err := l.sys.mount(fstype, target, fstype)
		// EBUSY: somebody mounted the very same just before us.
		if err != nil && !errors.Is(err, unix.EBUSY) {
			return err
		}
		is, statErr := l.sys.magic(target)
		switch {
		case statErr != nil:
			return statErr
		case is == magic:
			return nil
		case err != nil:
			return err
		}
		return fmt.Errorf("mount %s on %s succeeded and something else is there (magic %#x)", fstype, target, is)
	})
}

// selectStack makes o2cb the stack that volumes and domains use. The kernel
// refuses (EBUSY) while another one is at work.
func (l *loading) selectStack() error {
	path := l.path(glueDir + "/cluster_stack")
	label, err := readText(path)
	if err != nil {
		return err
	}
	if label == Label {
		l.done.add(Select, Label, true)
		return nil
	}
	plugin, err := readIfThere(l.path(glueDir + "/active_cluster_plugin"))
	if err != nil {
		return err
	}
	if plugin != "" {
		return &ActiveStackError{Label: label, Plugin: plugin}
	}
	return l.change(Select, Label, func() error {
		if err := writeText(path, Label); err != nil {
			return err
		}
		is, err := readText(path)
		if err == nil && is != Label {
			err = fmt.Errorf("write %q to %s: the kernel keeps %q", Label, path, is)
		}
		return err
	})
}

// hasPlugin tells whether the driver behind the label o2cb is there, as a module
// or built in.
func (s *Stack) hasPlugin() (bool, error) {
	loaded, err := s.exists("sys/module/ocfs2_stack_o2cb")
	if err != nil || loaded {
		return loaded, err
	}
	plugins, err := s.plugins()
	return slices.Contains(plugins, Label), err
}

// plugins returns the drivers that the kernel lists. With several loaded, kernels
// show one of them and as many NUL bytes as the others' names have:
// ocfs2_loaded_cluster_plugins_show in fs/ocfs2/stackglue.c writes them all to
// the same place.
func (s *Stack) plugins() ([]string, error) {
	text, err := readIfThere(s.path(glueDir + "/loaded_cluster_plugins"))
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == 0 }), err
}

func (s *Stack) exists(rel string) (bool, error) {
	_, err := os.Stat(s.path(rel))
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	return err == nil, err
}
