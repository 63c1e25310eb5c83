// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/stack"
	"golang.org/x/sys/unix"
)

// Volume is a mounted OCFS2 volume and who uses it.
type Volume struct {
	stack.Mount
	// Namespace is a process in whose mount namespace the volume is mounted, when
	// it is in none that this one sees; else 0.
	Namespace int          `json:"namespace,omitempty"`
	Users     []VolumeUser `json:"users,omitempty"` // of any mount of the volume, by pid
}

// VolumeUser is a process that keeps a volume from being unmounted.
type VolumeUser struct {
	PID     int      `json:"pid"`
	Command string   `json:"command"` // the name of its program, at most 15 bytes
	Uses    []string `json:"uses"`    // "working directory", "root directory", "program", "open file", "mapped file"
}

// String returns the user as "process 12 (vi; working directory, open file)".
func (u VolumeUser) String() string {
	return fmt.Sprintf("process %d (%s; %s)", u.PID, u.Command, strings.Join(u.Uses, ", "))
}

// volumes returns the mounted volumes that need the cluster, with the users that
// this process may see.
//
// Nothing on a volume is looked at, which could hang: the kernel tells by a number
// on which mount a process has what.
func (m *Manager) volumes(ctx context.Context) ([]Volume, error) {
	all, err := m.mounts(ctx)
	if err != nil {
		return nil, err
	}
	mounts := clustered(all)
	first := primary(mounts)
	if len(first) == 0 {
		return nil, nil
	}
	volumes := make([]Volume, len(first))
	for i, f := range first {
		volumes[i] = Volume{Mount: f.Mount, Namespace: f.pid}
	}
	err = m.eachProcess(ctx, func(pid int) error {
		uses, err := m.volumeUses(ctx, pid, mounts)
		for i, words := range assign(uses, mounts, first) {
			volumes[i].Users = append(volumes[i].Users, VolumeUser{PID: pid, Command: command(m.process(pid)), Uses: words})
		}
		return err
	})
	return volumes, err
}

func (m *Manager) process(pid int) string { return m.path(filepath.Join("proc", strconv.Itoa(pid))) }

// use is what a process has on a volume: on a mount, or where only the device is
// known, on that.
type use struct {
	mount  int
	device string
	word   string
}

// assign sorts the uses of a process by the volumes' mounts that stand for the
// others, as indices of first.
func assign(uses []use, mounts, first []mount) map[int][]string {
	words := map[int][]string{}
	program := "" // its device, from which it is mapped as well
	for _, u := range uses {
		if u.device == "" {
			if i := slices.IndexFunc(mounts, func(m mount) bool { return m.id == u.mount }); i >= 0 {
				u.device = mounts[i].device
			}
		}
		if u.word == "program" {
			program = u.device
		} else if u.word == "mapped file" && u.device == program {
			continue
		}
		i := slices.IndexFunc(first, func(m mount) bool { return m.id == u.mount })
		if i < 0 {
			i = slices.IndexFunc(first, func(m mount) bool { return m.device == u.device })
		}
		if i >= 0 && !slices.Contains(words[i], u.word) {
			words[i] = append(words[i], u.word)
		}
	}
	return words
}

// volumeUses returns what a process has on the mounts.
func (m *Manager) volumeUses(ctx context.Context, pid int, mounts []mount) ([]use, error) {
	var uses []use
	dir := m.living(pid)
	namespace, _ := m.namespaceOf(strconv.Itoa(pid)) // none: then it is compared with this one's only
	for name, word := range map[string]string{"cwd": "working directory", "root": "root directory", "exe": "program"} {
		link := filepath.Join(dir, name)
		target, err := os.Readlink(link)
		if err != nil || !onAny(target, namespace, mounts) {
			continue // a kernel thread has none
		}
		if id, err := mountOf(link); err == nil {
			uses = append(uses, use{mount: id, word: word})
		}
	}
	slices.SortFunc(uses, func(a, b use) int { return strings.Compare(b.word, a.word) })
	open, err := m.openOn(dir)
	if err != nil {
		return uses, err
	}
	uses = append(uses, open...)
	mapped, err := m.mappedOn(ctx, dir)
	return append(uses, mapped...), err
}

// onAny tells whether a path may be on one of the mounts, as a process of the
// namespace sees them, or this one. It spares the other file systems a look.
func onAny(path, namespace string, mounts []mount) bool {
	return slices.ContainsFunc(mounts, func(m mount) bool {
		return (m.namespace == own || m.namespace == namespace) && within(path, m.Target)
	})
}

// within tells whether a path is a directory or below it.
func within(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(dir, "/"))
	return ok && (rest == "" || rest[0] == '/' || strings.HasPrefix(rest, " (deleted)"))
}

// mountOf returns the number of the mount that a link of proc(5) leads to. O_PATH
// opens what a link leads to without asking its file system.
func mountOf(link string) (int, error) {
	fd, err := unix.Open(link, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	return mountID(filepath.Join("/proc/self/fdinfo", strconv.Itoa(fd))) // of this very process, whatever the root
}

// errNoMount says that a descriptor is on no mount.
var errNoMount = errors.New("no mnt_id")

// mountID reads a mount's number from a file of /proc/PID/fdinfo. proc(5); Linux
// 3.15.
func mountID(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "mnt_id:"); ok {
			return strconv.Atoi(strings.TrimSpace(value))
		}
	}
	return 0, errNoMount
}

// openOn returns the mounts of all that a process has open by name. What it closes
// meanwhile is left out.
func (m *Manager) openOn(dir string) ([]use, error) {
	descriptors, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return nil, err
	}
	var uses []use
	for _, d := range descriptors {
		target, err := os.Readlink(filepath.Join(dir, "fd", d.Name()))
		if err != nil || !strings.HasPrefix(target, "/") {
			continue
		}
		if id, err := mountID(filepath.Join(dir, "fdinfo", d.Name())); err == nil {
			uses = append(uses, use{mount: id, word: "open file"})
		}
	}
	return uses, nil
}

// mapsPatience is how long the list of a process's mappings may take. The kernel
// keeps the reader waiting while the process changes them, which can hang with it.
const mapsPatience = time.Second

// errMaps ends that patience.
var errMaps = errors.New("the mappings change")

// mappedOn returns the devices of which a process has files mapped. One whose
// mappings are not to be had has none: it hangs, and is known by what it has open.
func (m *Manager) mappedOn(ctx context.Context, dir string) ([]use, error) {
	text, err := patiently(ctx, mapsPatience, errMaps, func() ([]byte, error) {
		return os.ReadFile(filepath.Join(dir, "maps"))
	})
	if errors.Is(err, errMaps) || errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var uses []use
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[5][0] != '/' {
			continue
		}
		u := use{device: decimal(fields[3]), word: "mapped file"}
		if u.device != "" && !slices.Contains(uses, u) {
			uses = append(uses, u)
		}
	}
	return uses, nil
}

// decimal writes a device number of /proc/PID/maps, "08:01" in hexadecimal, as
// mountinfo does.
func decimal(device string) string {
	major, minor, _ := strings.Cut(device, ":")
	a, err := strconv.ParseUint(major, 16, 32)
	b, err2 := strconv.ParseUint(minor, 16, 32)
	if err != nil || err2 != nil {
		return ""
	}
	return fmt.Sprintf("%d:%d", a, b)
}
