// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

// unmountAll unmounts every volume that needs the cluster, in this mount namespace
// first, which takes most copies in others along, and the last mounted first.
func (e *evicting) unmountAll(ctx context.Context) error {
	for before := -1; ; {
		all, err := e.mounts(ctx)
		if err != nil {
			return err
		}
		left := clustered(all)
		if len(left) == 0 {
			return nil
		}
		if next := pick(left); next.id != before {
			before = next.id
			e.act(Eviction{Act: Unmount, Object: next.Target})
			if err := e.unmount(ctx, next); err != nil {
				return err
			}
			continue
		}
		return fmt.Errorf("unmount %s: it is mounted again: stop what mounts it", left[0].Target)
	}
}

// pick returns the mount that goes next.
func pick(left []mount) (next mount) {
	for _, m := range left {
		if m.namespace == left[0].namespace {
			next = m
		}
	}
	return next
}

// unmount unmounts a volume, and where the kernel says that it is busy tries
// again for as long as it may take to clear away behind a killed process.
func (e *evicting) unmount(ctx context.Context, m mount) error {
	deadline := time.Now().Add(e.ladder.Kill)
	for {
		err := e.unmountIn(m)
		if !errors.Is(err, unix.EBUSY) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w; nobody is seen to use it: an overlay or bind mount, or a process that came just now", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookEvery):
		}
	}
}

// unmountIn calls umount(2) in the mount namespace of the mount. The kernel calls
// ocfs2_hb_ctl itself, which stops the volume's heartbeat.
func (e *evicting) unmountIn(m mount) error {
	if m.namespace == own {
		return umount(m.Target)
	}
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with its namespace
		err := enter(e.process(m.pid))
		if err == nil {
			err = umount(m.Target)
		}
		result <- err
	}()
	if err := <-result; err != nil {
		return fmt.Errorf("in the mount namespace of process %d: %w", m.pid, err)
	}
	return nil
}

func umount(target string) error {
	if err := unix.Unmount(target, unix.UMOUNT_NOFOLLOW); err != nil {
		return &os.PathError{Op: "umount", Path: target, Err: err}
	}
	return nil
}

// enter puts this thread into the mount namespace and the root of the process whose
// directory of proc(5) is given. setns(2).
func enter(dir string) error {
	namespace, err := unix.Open(filepath.Join(dir, "ns", "mnt"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: filepath.Join(dir, "ns", "mnt"), Err: err}
	}
	defer unix.Close(namespace)
	root, err := unix.Open(filepath.Join(dir, "root"), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: filepath.Join(dir, "root"), Err: err}
	}
	defer unix.Close(root)
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Setns(namespace, unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("setns", err)
	}
	if err := unix.Fchdir(root); err != nil {
		return os.NewSyscallError("fchdir", err)
	}
	return os.NewSyscallError("chroot", unix.Chroot("."))
}

// stopLocal leaves the lock domains and stops the regions that no volume has taken
// along. In global mode that is part of Offline.
func (e *evicting) stopLocal(ctx context.Context) error {
	_, have, err := e.running()
	if err != nil || have == nil || have.Mode() == cluster.GlobalHeartbeat || len(have.Regions) == 0 {
		return err
	}
	if err := e.leaveAll(ctx, have.Name); err != nil {
		return err
	}
	for _, r := range have.Regions {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		e.act(Eviction{Act: Stop, Object: r.Name})
		for stopped := false; !stopped; {
			if _, stopped, err = e.StopHeartbeat(ctx, r.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// leaveAll leaves all lock domains, which nobody has open any more.
func (e *evicting) leaveAll(ctx context.Context, clusterName string) error {
	_, unlock, err := e.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	users, idle, err := e.users(ctx)
	if err != nil {
		return err
	}
	if !users.empty() {
		users.Cluster = clusterName
		return users
	}
	for _, name := range idle {
		e.act(Eviction{Act: Leave, Object: name})
	}
	_, err = e.leave(idle)
	return err
}
