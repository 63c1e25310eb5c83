// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
	"golang.org/x/sys/unix"
)

// mount is an entry of the mount table of some namespace.
type mount struct {
	stack.Mount
	// namespace is that of the processes that see the mount so; own for this one's.
	namespace string
	pid       int      // a process in that namespace; 0 for this one
	id        int      // unique among all namespaces
	parent    int      // id of the mount that this one stands on
	device    string   // "8:1"
	options   []string // of the file system
}

// own is the namespace of this process.
const own = ""

// mounts returns the mounts of every mount namespace that a process is in, this
// process's first, each namespace in the order of its table. Unprivileged it knows
// only this one's. proc(5), mount_namespaces(7).
func (m *Manager) mounts(ctx context.Context) ([]mount, error) {
	all, err := m.mountTable(0, own)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	if key, err := m.namespaceOf("self"); err == nil {
		seen[key] = true
	}
	err = m.eachProcess(ctx, func(pid int) error {
		key, err := m.namespaceOf(strconv.Itoa(pid))
		if err != nil || seen[key] {
			return err
		}
		more, err := m.mountTable(pid, key)
		if errors.Is(err, unix.EINVAL) {
			return nil // it ended just now: mounts_open_common in fs/proc_namespace.c
		}
		if err != nil {
			return err
		}
		seen[key] = true
		all = append(all, more...)
		return nil
	})
	return all, err
}

// namespaceOf identifies what a process sees of the mounts: its namespace and its
// root, to which the table is relative.
func (m *Manager) namespaceOf(process string) (string, error) {
	dir := m.path(filepath.Join("proc", process))
	namespace, err := os.Readlink(filepath.Join(dir, "ns", "mnt"))
	if err != nil {
		return "", err
	}
	root, err := os.Readlink(filepath.Join(dir, "root"))
	return namespace + " " + root, err
}

// mountTable reads the table of a process; pid is 0 for this one.
func (m *Manager) mountTable(pid int, namespace string) ([]mount, error) {
	process := "self"
	if pid != 0 {
		process = strconv.Itoa(pid)
	}
	path := m.path(filepath.Join("proc", process, "mountinfo"))
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	infos, err := mountinfo.GetMountsFromReader(bytes.NewReader(text), nil)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	table := make([]mount, len(infos))
	for i, info := range infos {
		table[i] = mount{
			Mount:     stack.Mount{Source: info.Source, Target: info.Mountpoint, Type: info.FSType},
			namespace: namespace, pid: pid, id: info.ID, parent: info.Parent,
			device:  fmt.Sprintf("%d:%d", info.Major, info.Minor),
			options: strings.Split(info.VFSOptions, ","),
		}
	}
	return table, nil
}

// clustered returns the mounts of OCFS2 volumes that need the cluster: the option
// heartbeat=none marks one that is for a single node. ocfs2_show_options in
// fs/ocfs2/super.c.
func clustered(all []mount) (volumes []mount) {
	for _, m := range all {
		if m.Type == "ocfs2" && !slices.Contains(m.options, "heartbeat=none") {
			volumes = append(volumes, m)
		}
	}
	return volumes
}

// primary returns those mounts of volumes that stand for the others: all of this
// process's namespace, and of a volume that is not mounted there the first found
// elsewhere. A mount of this namespace commonly has copies in others, which go
// with it. mount_namespaces(7), propagation.
func primary(volumes []mount) (first []mount) {
	known := map[string]bool{}
	for _, v := range volumes {
		if v.namespace == own || !known[v.device] {
			first = append(first, v)
		}
		known[v.device] = true
	}
	return first
}
