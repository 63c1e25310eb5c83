// SPDX-License-Identifier: Apache-2.0

package userstack

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	controlDevice = "/dev/ocfs2_control"
	clusterDir    = "/sys/kernel/config/dlm/cluster"
	sysfsDir      = "/sys/kernel/dlm"
)

// daemon plays dlm_controld and ocfs2_controld of a cluster whose nodes are
// numbered from 1 (0 is none to fs/dlm) and do not change.
type daemon struct {
	number int // of this node
	nodes  int
}

// controld NUMBER ADDRESS… plays the daemon of the node with that number in a
// cluster of nodes with these addresses. It says "ready", then "joined" or "left"
// with the name of each lockspace, and ends at SIGTERM. It must not end before the
// last domain has been left: the kernel resets a node that has lost its daemon.
func controld(args []string) (err error) {
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	d := daemon{number: number, nodes: len(args) - 1}
	if err := d.describe(args[1:]); err != nil {
		return err
	}
	// Before the handshake, after which domains can be joined.
	events, err := listen()
	if err != nil {
		return err
	}
	control, err := d.shakeHands()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, control.Close()) }()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println("ready")
	failed := make(chan error, 1)
	go func() { failed <- d.serve(events) }()
	select {
	case err := <-failed:
		return err
	case <-stop:
		return nil
	}
}

// describe tells fs/dlm which nodes there are and which one this is.
func (d daemon) describe(addresses []string) error {
	if err := os.Mkdir(clusterDir, 0o755); err != nil {
		return err
	}
	for i, address := range addresses {
		ip, err := netip.ParseAddr(address)
		if err != nil {
			return err
		}
		dir := filepath.Join(clusterDir, "comms", strconv.Itoa(i+1))
		err = errors.Join(
			os.Mkdir(dir, 0o755),
			put(dir, "nodeid", strconv.Itoa(i+1)),
			put(dir, "addr", socketAddress(ip)),
		)
		if err == nil && i+1 == d.number {
			err = put(dir, "local", "1")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// socketAddress returns the struct sockaddr_storage of an IPv4 address without a
// port, which fs/dlm takes from its own settings.
func socketAddress(ip netip.Addr) string {
	storage := make([]byte, 128)
	storage[0] = unix.AF_INET // the low byte: the lab's machines are little-endian
	copy(storage[4:], ip.AsSlice())
	return string(storage)
}

// put writes a file that the kernel has made, in one write as it must be.
func put(dir, name, value string) error {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// shakeHands tells the kernel that its daemon is there, which is so until the file
// is closed. The protocol is described in fs/ocfs2/stack_user.c.
func (d daemon) shakeHands() (*os.File, error) {
	f, err := os.OpenFile(controlDevice, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	const protocol = "T01\n"
	offered := make([]byte, 64)
	n, err := f.Read(offered)
	if err == nil && string(offered[:n]) != protocol {
		err = fmt.Errorf("%s offers %q", controlDevice, offered[:n])
	}
	// The version is that of /sys/fs/ocfs2/max_locking_protocol.
	for _, message := range []string{protocol, fmt.Sprintf("SETN %08x\n", d.number), fmt.Sprintf("SETV %02x %02x\n", 1, 0)} {
		if err == nil {
			_, err = f.WriteString(message)
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// listen opens the socket on which the kernel tells of lockspaces that wait for an
// answer. It stays open as long as the process lives.
func listen() (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return -1, fmt.Errorf("socket for uevents: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1}); err != nil {
		return -1, errors.Join(fmt.Errorf("listen for uevents: %w", err), unix.Close(fd))
	}
	return fd, nil
}

// serve answers for every lockspace that is joined or left.
func (d daemon) serve(events int) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(events, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("read uevents: %w", err)
		}
		if err := d.answer(buf[:n]); err != nil {
			return err
		}
	}
}

// answer reads one uevent, ACTION@PATH and NAME=VALUE…, each ending in NUL.
func (d daemon) answer(event []byte) error {
	header, _, _ := bytes.Cut(event, []byte{0})
	action, path, _ := strings.Cut(string(header), "@")
	dir, space := filepath.Split(path)
	if dir != "/kernel/dlm/" {
		return nil
	}
	switch action {
	case "online":
		return d.join(space)
	case "offline":
		return d.leave(space)
	}
	return nil
}

// join makes all nodes the members of a lockspace and starts it. The kernel then
// waits until the others have started theirs.
func (d daemon) join(space string) error {
	dir := filepath.Join(clusterDir, "spaces", space)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for i := range d.nodes {
		node := filepath.Join(dir, "nodes", strconv.Itoa(i+1))
		err := errors.Join(
			os.Mkdir(node, 0o755),
			put(node, "nodeid", strconv.Itoa(i+1)),
			put(node, "weight", "1"),
		)
		if err != nil {
			return err
		}
	}
	kernel := filepath.Join(sysfsDir, space)
	// The number is the same on all nodes, and not that of another lockspace.
	id := strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(space))), 10)
	fmt.Println("joined", space)
	return errors.Join(put(kernel, "id", id), put(kernel, "control", "1"), put(kernel, "event_done", "0"))
}

// leave takes the members away from a lockspace that this node leaves, and lets it.
func (d daemon) leave(space string) error {
	dir := filepath.Join(clusterDir, "spaces", space)
	var errs []error
	for i := range d.nodes {
		errs = append(errs, os.Remove(filepath.Join(dir, "nodes", strconv.Itoa(i+1))))
	}
	errs = append(errs, os.Remove(dir), put(filepath.Join(sysfsDir, space), "event_done", "0"))
	fmt.Println("left", space)
	return errors.Join(errs...)
}
