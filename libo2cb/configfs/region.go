// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"os"
	"path"
	"strconv"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

// StartRegion starts a heartbeat region called name (a volume's UUID in
// upper-case hexadecimal digits) in area a of the block device dev and returns
// when it is steady: some 10 s for the first region after load, 6 s for later
// ones, both at the kernel's beat of 2 s.
//
// It waits in the kernel, on the calling thread, and is not cancelled by
// anything but a signal to that thread, which makes it fail with EIO. The
// thread's signal mask is the caller's business.
//
// On failure the region is removed again; should that fail too, both errors are
// joined. EEXIST says that the region runs already, EINVAL that there is no
// registered local node or that the area does not fit the device. A region that
// has its heartbeat thread all the same, because the wait was interrupted (EIO)
// or the local node removed meanwhile (EINVAL), cannot be removed without danger:
// it stays, and the error has [ErrHalfStarted] besides the errno.
func (f *FS) StartRegion(clusterName, name string, a cluster.Area, dev *os.File) error {
	group, err := f.in(clusterName, "heartbeat")
	if err != nil {
		return err
	}
	defer group.close()
	if err := checkName("mkdir", group.path, name, cluster.MaxRegionName); err != nil {
		return err
	}
	if err := group.mkdir(name); err != nil {
		return because(err, unix.EEXIST, "the heartbeat region runs already", "")
	}
	if err := fillRegion(group, name, a, dev); err != nil {
		return withCleanup(err, dropFailed(group, name, err))
	}
	return nil
}

// dropFailed removes a region that did not start, unless its thread did, whatever
// the kernel answered. Where the kernel does not tell, a region whose device was
// written counts as started.
func dropFailed(group *dir, name string, failure error) error {
	thread, found, err := readIfThere(group, name+"/pid")
	if err != nil {
		return err
	}
	var e *Error
	started := errors.As(failure, &e) && e.Op == "write" && path.Base(e.Path) == "dev" && !errors.Is(e.Err, unix.ENOENT)
	if thread != "" || !found && started {
		return halfStarted(group, name)
	}
	return group.rmdir(name)
}

// ErrHalfStarted is the cause of a refusal to remove a heartbeat region whose
// start was interrupted. Its thread ends by itself, and the removal would have
// the kernel stop that thread once more, which brings the machine down (seen on
// 6.1; o2hb_heartbeat_group_drop_item in fs/ocfs2/cluster/heartbeat.c).
var ErrHalfStarted = errors.New("the start of the heartbeat region was interrupted")

func halfStarted(group *dir, name string) error {
	e := newError("rmdir", group.path+"/"+name, "", ErrHalfStarted)
	e.Mend = "wait if another process is starting it now, else reboot this node: removing the directory can crash the kernel"
	return e
}

// checkWhole refuses a region that has its area and no device. Right before the
// device is written a region looks the same and would be harmless, but nothing
// tells the two apart.
func checkWhole(group *dir, name string) error {
	device, err := group.read(name + "/dev")
	if err != nil || device != "" {
		return err
	}
	blocks, err := readInt(group, name+"/blocks")
	if err != nil || blocks == 0 {
		return err
	}
	return halfStarted(group, name)
}

func fillRegion(group *dir, name string, a cluster.Area, dev *os.File) error {
	d, err := group.sub(name)
	if err != nil {
		return err
	}
	defer d.close()
	geometry := []attribute{
		{"block_bytes", strconv.Itoa(a.BlockBytes)},
		{"start_block", strconv.FormatUint(a.StartBlock, 10)},
		{"blocks", strconv.Itoa(a.Blocks)},
	}
	for _, g := range geometry {
		if err := d.write(g.name, g.value); err != nil {
			return err
		}
	}
	raw, err := dev.SyscallConn()
	if err != nil {
		return err
	}
	var started error
	// Control keeps the descriptor open and its number valid for the whole wait,
	// and runs on this very goroutine and thread.
	if err := raw.Control(func(fd uintptr) {
		started = d.write("dev", strconv.FormatUint(uint64(fd), 10))
	}); err != nil {
		return err
	}
	return nameDevice(started, dev)
}

// nameDevice adds the device to the words about a descriptor number.
func nameDevice(err error, dev *os.File) error {
	var e *Error
	if errors.As(err, &e) && e.Reason != "" {
		e.Reason = dev.Name() + ": " + e.Reason
	}
	return err
}

// RemoveRegion ends a heartbeat region, whoever else uses it: the reference
// count shared with the C tools is not looked at (package heartbeat does that).
//
// It fails with EBUSY while a domain has the region's name, which is that of its
// mounted volume (in global mode while any domain is joined and few regions run),
// with ENOENT when there is none, and with [ErrHalfStarted], nothing touched,
// when its start was interrupted. While its start is under way the kernel lets go
// of it or not, by when the call comes: do not. In local mode a dlmfs domain does
// not keep a region, although its locks hold no longer than the node beats.
func (f *FS) RemoveRegion(clusterName, name string) error {
	group, err := f.in(clusterName, "heartbeat")
	if err != nil {
		return err
	}
	defer group.close()
	if err := checkName("rmdir", group.path, name, maxComponent); err != nil {
		return err
	}
	if err = checkWhole(group, name); err == nil {
		err = group.rmdir(name)
	}
	err = because(err, unix.ENOENT, "no such heartbeat region runs", "")
	return because(err, unix.EBUSY, "the region's mounted volume, or in global mode a lock domain, needs the heartbeat",
		"unmount the volume, or leave the lock domains, first")
}

// RegionPID returns the process number of the kernel thread that beats in a
// region, and 0 while it is not started.
func (f *FS) RegionPID(clusterName, name string) (int, error) {
	group, err := f.in(clusterName, "heartbeat")
	if err != nil {
		return 0, err
	}
	defer group.close()
	if err := checkName("open", group.path, name, maxComponent); err != nil {
		return 0, err
	}
	d, err := group.sub(name)
	if err != nil {
		return 0, because(err, unix.ENOENT, "no such heartbeat region runs", "")
	}
	defer d.close()
	pid, found, err := readIfThere(d, "pid")
	if err != nil || !found || pid == "" {
		return 0, err
	}
	n, err := strconv.Atoi(pid)
	if err != nil {
		return 0, unreadable(d, "pid", pid, "a process number")
	}
	return n, nil
}

func readRegions(d *dir) ([]cluster.Region, error) {
	var regions []cluster.Region
	err := d.each("heartbeat", func(group *dir, name string) error {
		device, err := group.read(name + "/dev")
		regions = append(regions, cluster.Region{Name: name, Device: device})
		return err
	})
	if err != nil {
		return nil, err
	}
	return regions, nil
}
