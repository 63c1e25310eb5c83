// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// system is what changes the kernel, apart from files.
type system interface {
	mount(source, target, fstype string) error
	unmount(target string) error
	modprobe(ctx context.Context, module string) error
	deleteModule(module string) error
	settle() error                        // until what the kernel put off is done
	onOneProcessor(do func() error) error // for settle to know where
	magic(path string) (int64, error)
}

// host is the running system. Module files are looked for below root, modprobe(8)
// in the given places and then in PATH.
type host struct {
	root   string
	places []string
}

// mount mounts a pseudo file system, on which no program and no device has any
// business.
func (host) mount(source, target, fstype string) error {
	err := unix.Mount(source, target, fstype, unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if err != nil {
		return fmt.Errorf("mount %s on %s: %w", fstype, target, err)
	}
	return nil
}

func (host) unmount(target string) error {
	if err := unix.Unmount(target, unix.UMOUNT_NOFOLLOW); err != nil {
		return fmt.Errorf("unmount %s: %w", target, err)
	}
	return nil
}

// deleteModule removes an unused module; it never waits for one in use.
// delete_module(2).
func (host) deleteModule(module string) error {
	if err := unix.DeleteModule(module, unix.O_NONBLOCK); err != nil {
		return fmt.Errorf("remove module %s: %w", module, err)
	}
	return nil
}

func (host) magic(path string) (int64, error) {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(path, &st)
		if !errors.Is(err, unix.EINTR) {
			return int64(st.Type), err
		}
	}
}

// modprobe loads a module and what it depends on with modprobe(8), so that the
// administrator's modprobe.d counts. No shell is involved, and the environment
// is a fixed one: MODPROBE_OPTIONS and the like do not reach it. When ctx ends it
// is killed, and the error wraps context.Cause.
func (h host) modprobe(ctx context.Context, module string) error {
	program, err := h.findModprobe()
	if err != nil {
		return fmt.Errorf("load module %s: %w", module, err)
	}
	args := []string{}
	if h.root != "/" {
		args = append(args, "--dirname", h.root)
	}
	cmd := exec.CommandContext(ctx, program, append(args, module)...)
	cmd.Env = []string{"PATH=/sbin:/usr/sbin:/bin:/usr/bin", "LC_ALL=C"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx) // and not the signal that it made modprobe end with
		}
		return fmt.Errorf("load module %s: %s: %w%s", module, program, err, complaint(stderr.String()))
	}
	return nil
}

// complaint is what modprobe wrote, on one line, with what to do where it is
// plain.
func complaint(stderr string) string {
	text := strings.Join(strings.FieldsFunc(strings.TrimSpace(stderr), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	switch {
	case text == "":
		return ""
	case strings.Contains(text, "not found"):
		return ": " + text + "; this kernel comes without the module: install the kernel package that has OCFS2"
	case strings.Contains(text, "not permitted"):
		return ": " + text + "; run the command as root"
	}
	return ": " + text
}

// findModprobe looks where modprobe commonly is and then in PATH: a user's PATH
// often lacks it, and it is not to say what root runs while there is a choice.
func (h host) findModprobe() (string, error) {
	for _, place := range h.places {
		if _, err := os.Stat(place); err == nil {
			return place, nil
		}
	}
	program, err := exec.LookPath("modprobe")
	if err != nil {
		return "", fmt.Errorf("modprobe is neither in %s nor in PATH; install kmod: %w", strings.Join(h.places, " nor in "), err)
	}
	return program, nil
}
