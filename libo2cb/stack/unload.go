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

// InUseError says why the stack cannot be unloaded: who uses it.
type InUseError struct {
	Clusters []string // in configfs
	Domains  []string // lock domains that this node has joined
	Mounts   []Mount  // OCFS2 volumes
	Modules  []string // modules of the stack that something else holds
}

// Error returns one line with what to do.
func (e *InUseError) Error() string {
	var why []string
	for _, m := range e.Mounts {
		why = append(why, fmt.Sprintf("%s is mounted on %s (umount %s)", m.Source, m.Target, m.Target))
	}
	for _, d := range e.Domains {
		why = append(why, fmt.Sprintf("lock domain %s is joined", d))
	}
	for _, c := range e.Clusters {
		why = append(why, fmt.Sprintf("cluster %s is online (o2cb_ctl offline %s)", c, c))
	}
	for _, m := range e.Modules {
		why = append(why, fmt.Sprintf("module %s is held by something (see lsmod)", m))
	}
	return "the cluster stack is in use: " + strings.Join(why, ", ")
}

// Unloaded is what Unload did.
type Unloaded struct {
	Actions []Action `json:"actions"`
	// Recorded tells whether Unload led back to what Load had noted. Otherwise
	// somebody else had loaded the stack, and Unload did as the init script of
	// ocfs2-tools does: modules of the stack and dlmfs went, and configfs,
	// debugfs and the directories stayed.
	Recorded bool `json:"recorded"`
}

// Unload leads back to what was there before [Stack.Load]: it unmounts, removes
// modules and directories that came with Load or, like a file system's module,
// in its wake, and nothing else. Modules that something outside the stack still
// needs stay. It tells observe, which may be nil, of each change.
//
// While a cluster, a lock domain or an OCFS2 volume is there, or something else
// holds a module that has to go (a process with /dev/ocfs2_control open, a module
// of another family), it fails with an [*InUseError] and touches nothing. Who
// comes to use it meanwhile, or keeps dlmfs or configfs busy by standing in it,
// stops it on the way; calling it again goes on. Needs root.
func (s *Stack) Unload(ctx context.Context, observe func(Action)) (Unloaded, error) {
	u := &unloading{Stack: s, ctx: ctx, done: newActions(observe)}
	var recorded bool
	err := s.sys.onOneProcessor(func() (err error) {
		recorded, err = u.run()
		return err
	})
	if err != nil {
		err = fmt.Errorf("unload: %w", err)
	}
	return Unloaded{Actions: u.done.list, Recorded: recorded}, err
}

// unloading is one call of Unload.
type unloading struct {
	*Stack
	ctx    context.Context
	done   actions
	before *before
	remove []string // the modules that have to go, if nothing else needs them
}

func (u *unloading) run() (recorded bool, err error) {
	if err := u.checkUsers(); err != nil {
		return false, err
	}
	if recorded, err = u.prepare(); err != nil {
		return recorded, err
	}
	if err := u.checkHeld(); err != nil {
		return recorded, err
	}
	steps := []func() error{
		func() error { return u.unmount(u.before.DLMFS, u.DLMFS) },
		func() error { return u.rmdir(dlmfsDir) },
		u.removeModules,
		u.unmountConfigFS,
		func() error { return u.rmdir(configfsOld) },
		func() error { return u.unmount(u.before.DebugFS, u.DebugFS) },
		u.removeModules, // again: configfs is free only now
		u.checkLeft,
		u.restoreLabel,
		u.removeRecord,
	}
	for _, step := range steps {
		if err := context.Cause(u.ctx); err != nil {
			return recorded, err
		}
		if err := step(); err != nil {
			return recorded, err
		}
	}
	return recorded, nil
}

// checkUsers refuses while anybody needs the stack.
func (s *Stack) checkUsers() error {
	var e InUseError
	var err error
	if e.Clusters, err = s.clusters(); err != nil {
		return err
	}
	if e.Domains, err = s.Domains(); err != nil {
		return err
	}
	if e.Mounts, err = s.Mounts("ocfs2"); err != nil {
		return err
	}
	if len(e.Clusters)+len(e.Domains)+len(e.Mounts) > 0 {
		return &e
	}
	return nil
}

// prepare finds out where to lead back to and which modules that concerns.
func (u *unloading) prepare() (recorded bool, err error) {
	modules, err := u.modules()
	if err != nil {
		return false, err
	}
	if u.before, err = u.readRecord(); err != nil {
		return false, err
	}
	recorded = u.before != nil
	if !recorded {
		u.before = &before{ConfigFS: true, DebugFS: true, Directories: []string{configfsOld, dlmfsDir}}
	}
	candidates := wake(modules)
	if !recorded {
		candidates = family()
	}
	for _, name := range candidates {
		if !slices.Contains(u.before.Modules, name) {
			u.remove = append(u.remove, name)
		}
	}
	// Load brought configfs itself, whether or not a module of the stack came to need it.
	if recorded && !slices.Contains(u.before.Modules, "configfs") && !slices.Contains(u.remove, "configfs") {
		u.remove = append(u.remove, "configfs")
	}
	return recorded, nil
}

// checkHeld refuses while something that will not go holds a module of the stack
// that has to.
func (u *unloading) checkHeld() error {
	modules, err := u.modules()
	if err != nil {
		return err
	}
	mounts := 0
	if _, err := u.DLMFS(); err == nil && !u.before.DLMFS {
		mounts = 1
	} else if err != nil && !errors.Is(err, ErrNotMounted) {
		return err
	}
	var e InUseError
	for _, m := range modules {
		ours := 0
		if m.name == "ocfs2_dlmfs" {
			ours = mounts // its own, which goes first
		}
		for _, user := range m.by {
			if slices.Contains(u.remove, user) {
				ours++
			}
		}
		if slices.Contains(u.remove, m.name) && slices.Contains(family(), m.name) && m.refs > ours {
			e.Modules = append(e.Modules, m.name)
		}
	}
	if len(e.Modules) > 0 {
		return &e
	}
	return nil
}

// unmount unmounts what where finds, unless it was mounted before.
func (u *unloading) unmount(wasMounted bool, where func() (string, error)) error {
	if wasMounted {
		return nil
	}
	target, err := where()
	if errors.Is(err, ErrNotMounted) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := u.sys.unmount(target); err != nil {
		if errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("%w: a process has a file open there or stands in it; fuser -vm %s", err, target)
		}
		return err
	}
	u.report(Unmounting, target)
	return nil
}

// unmountConfigFS unmounts configfs unless another subsystem has come to keep
// something there.
func (u *unloading) unmountConfigFS() error {
	target, err := u.ConfigFS()
	if err == nil {
		others, err := directories(target)
		if err != nil || len(others) > 0 {
			return err
		}
	}
	return u.unmount(u.before.ConfigFS, u.ConfigFS)
}

// rmdir removes a directory that Load made. One that somebody has put something
// into stays.
func (u *unloading) rmdir(rel string) error {
	if slices.Contains(u.before.Directories, rel) {
		return nil
	}
	path := u.path(rel)
	err := unix.Rmdir(path)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTEMPTY):
		return nil
	case err != nil:
		return &os.PathError{Op: "rmdir", Path: path, Err: err}
	}
	u.report(RemoveDir, path)
	return nil
}

// removeModules removes the modules that have to go and that nothing uses, users
// before what they need, until there is none.
func (u *unloading) removeModules() error {
	for {
		modules, err := u.modules()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(modules, func(m module) bool {
			return m.refs == 0 && len(m.by) == 0 && slices.Contains(u.remove, m.name)
		})
		if i < 0 {
			return nil
		}
		name := modules[i].name
		if name == "configfs" {
			if err := u.sys.settle(); err != nil {
				return err
			}
		}
		if err := u.sys.deleteModule(name); err != nil {
			return err
		}
		u.report(RemoveModule, name)
	}
}

// checkLeft reports modules of the stack that should be gone and are not. Others
// that came with them may have found users elsewhere.
func (u *unloading) checkLeft() error {
	modules, err := u.modules()
	if err != nil {
		return err
	}
	var e InUseError
	for _, m := range modules {
		if slices.Contains(u.remove, m.name) && slices.Contains(family(), m.name) {
			e.Modules = append(e.Modules, m.name)
		}
	}
	if len(e.Modules) > 0 {
		return &e
	}
	return nil
}

// restoreLabel selects the stack that was selected, if the driver was there
// before and stays.
func (u *unloading) restoreLabel() error {
	path := u.path(glueDir + "/cluster_stack")
	label, err := readIfThere(path)
	if err != nil || label == "" || u.before.ClusterStack == "" || label == u.before.ClusterStack {
		return err
	}
	if err := writeText(path, u.before.ClusterStack); err != nil {
		return err
	}
	u.report(Select, u.before.ClusterStack)
	return nil
}

func (u *unloading) report(verb Verb, object string) {
	u.log.WithField("object", object).Debug(string(verb))
	u.done.add(verb, object, false)
}
