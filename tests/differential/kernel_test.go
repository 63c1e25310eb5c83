// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	configFS   = "/sys/kernel/config"
	tree       = configFS + "/cluster"
	domains    = "/dlm"
	mountPoint = "/mnt/volume"
	semaphores = "/proc/sysvipc/sem"
)

// kernelState returns all that a command line may change in the kernel: what is
// below the cluster directory of configfs, the volumes that are mounted, the lock
// domains, and the semaphores that count the users of heartbeat regions.
func kernelState() (string, error) {
	var b strings.Builder
	if err := errors.Join(readTree(&b), readMounts(&b), readDomains(&b), readSemaphores(&b)); err != nil {
		return "", err
	}
	return b.String(), nil
}

// readTree reads the cluster directory of configfs. Where that is not mounted
// there is nothing.
func readTree(b *strings.Builder) error {
	return filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if path == tree && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if entry.IsDir() {
			fmt.Fprintln(b, path)
			return nil
		}
		// A value that cannot be read is a state, too.
		value, err := os.ReadFile(path)
		if entry.Name() == "pid" && len(value) > 0 {
			value, err = describeThread(value)
		}
		fmt.Fprintf(b, "%s %q %v\n", path, value, err != nil)
		return nil
	})
}

// describeThread returns what of a heartbeat's thread is the same from start to
// start: its priority for input and output. ioprio_get(2).
func describeThread(pid []byte) ([]byte, error) {
	const ofProcess = 1
	n, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	if err != nil {
		return nil, err
	}
	priority, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, ofProcess, uintptr(n), 0)
	if errno != 0 {
		return nil, errno
	}
	return fmt.Appendf(nil, "thread of class %d, priority %d", priority>>13, priority&0x1fff), nil
}

func readMounts(b *strings.Builder) error {
	mounts, err := os.ReadFile("/proc/mounts")
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[2] == "ocfs2" {
			fmt.Fprintln(b, "mount", fields[0], fields[1])
		}
	}
	return err
}

func readDomains(b *strings.Builder) error {
	all, err := os.ReadDir(domains)
	for _, d := range all {
		fmt.Fprintln(b, "domain", d.Name())
	}
	return err
}

// semaphoreSet is a line of /proc/sysvipc/sem.
type semaphoreSet struct{ key, id int }

func semaphoreSets() ([]semaphoreSet, error) {
	text, err := os.ReadFile(semaphores)
	if err != nil {
		return nil, err
	}
	var sets []semaphoreSet
	for line := range strings.Lines(string(text)) {
		var s semaphoreSet
		if _, err := fmt.Sscan(line, &s.key, &s.id); err == nil {
			sets = append(sets, s)
		}
	}
	return sets, nil
}

// Commands of semctl(2). include/uapi/linux/sem.h and ipc.h.
const (
	ipcRemove = 0
	getValue  = 12
)

// readSemaphores reads the second semaphore of each set, which counts.
func readSemaphores(b *strings.Builder) error {
	sets, err := semaphoreSets()
	if err != nil {
		return err
	}
	for _, s := range sets {
		count, _, errno := unix.Syscall6(unix.SYS_SEMCTL, uintptr(s.id), 1, getValue, 0, 0, 0)
		if errno != 0 {
			return fmt.Errorf("count of semaphore set %d: %w", s.id, errno)
		}
		fmt.Fprintf(b, "semaphore %#x: %d\n", uint32(s.key), count)
	}
	return nil
}

// clear takes everything out of the kernel again that kernelState shows.
func (r *runner) clear() error {
	r.stage = stage{}
	if r.lock != nil {
		r.lock.Close()
		r.lock = nil
	}
	return errors.Join(mountConfigFS(), unmount(), leaveDomains(), removeClusters(), removeSemaphores())
}

// mountConfigFS mounts configfs where some lines start without it.
func mountConfigFS() error {
	err := unix.Mount("configfs", configFS, "configfs", 0, "")
	if errors.Is(err, unix.EBUSY) {
		return nil // it is mounted
	}
	return err
}

func unmount() error {
	err := unix.Unmount(mountPoint, 0)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
		return nil // nothing is mounted there
	}
	return err
}

func leaveDomains() error {
	return eachIn(domains, func(domain string) error {
		return errors.Join(eachIn(domain, os.Remove), unix.Rmdir(domain))
	})
}

// removeClusters removes the kernel's clusters, regions first: no node can go
// before those that beat.
func removeClusters() error {
	return eachIn(tree, func(cluster string) error {
		return errors.Join(
			eachIn(filepath.Join(cluster, "heartbeat"), removeDirectory),
			eachIn(filepath.Join(cluster, "node"), removeDirectory),
			unix.Rmdir(cluster))
	})
}

// removeDirectory removes a directory of configfs, and lets files be.
func removeDirectory(path string) error {
	err := unix.Rmdir(path)
	if errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	return err
}

func removeSemaphores() error {
	sets, err := semaphoreSets()
	for _, s := range sets {
		if _, _, errno := unix.Syscall(unix.SYS_SEMCTL, uintptr(s.id), 0, ipcRemove); errno != 0 {
			return fmt.Errorf("remove semaphore set %d: %w", s.id, errno)
		}
	}
	return err
}

// eachIn does something with every entry of a directory, if there is one.
func eachIn(directory string, do func(path string) error) error {
	entries, err := os.ReadDir(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		err = errors.Join(err, do(filepath.Join(directory, e.Name())))
	}
	return err
}
