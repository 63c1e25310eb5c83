// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
)

// Why a node does not join the domain of the peers.
var (
	errNotOnline   = errors.New("no cluster is online")
	errNoLocalNode = errors.New("this host is no registered node of the cluster")
	errNoHeartbeat = errors.New("no heartbeat runs on this node")
	errUnguarded   = errors.New("in local mode the last umount would stop the heartbeat under the lock domain: " +
		"have /proc/sys/fs/ocfs2/nm/hb_ctl_path name the ocfs2_hb_ctl of this package, " +
		"or give a region a user of its own (o2cb_ctl heartbeat start DEVICE)")
)

// unsafeToJoin returns why this node must not be in the domain of the peers, or
// nil. In global mode the kernel keeps the last regions of a node that is in any
// domain. In local mode it does not: there must be a region whose end goes through
// this package, which leaves idle domains first. That is one that has a user of
// its own beside the mounts, or a mounted one when the program that the kernel
// runs at umount is ours.
func (m *Manager) unsafeToJoin(ctx context.Context, have *cluster.Cluster) error {
	beating := slices.DeleteFunc(slices.Clone(have.Regions), func(r cluster.Region) bool { return r.Device == "" })
	switch {
	case localName(have) == "":
		return errNoLocalNode
	case len(beating) == 0:
		return errNoHeartbeat
	case have.Mode() == cluster.GlobalHeartbeat:
		return nil
	}
	mounts, err := m.mounts(ctx)
	if err != nil {
		return err
	}
	mounts = clustered(mounts) // in whatever namespace
	mounting := m.mounting()
	ours := m.stopsByUs()
	for _, r := range beating {
		users, _, err := heartbeat.New(nil, nil).References(r.Name)
		if err != nil {
			return err
		}
		device := m.deviceNumber(r.Device)
		isMounted := slices.ContainsFunc(mounts, func(v mount) bool { return v.device == device })
		if isMounted {
			users--
		}
		if isMounted && ours || users-mounting > 0 {
			return nil
		}
	}
	return errUnguarded
}

// deviceNumber returns the number of the block device with a short name of the
// kernel, as "major:minor"; empty when it is not known.
func (m *Manager) deviceNumber(name string) string {
	text, err := os.ReadFile(m.path(filepath.Join("sys/class/block", strings.ReplaceAll(name, "/", "!"), "dev")))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// mounting returns how many mounts are under way. mount.ocfs2 counts as a user
// of the region before the volume shows up as mounted, and if the mount fails it
// stops the region without asking anybody.
func (m *Manager) mounting() int {
	processes, err := os.ReadDir(m.path("proc"))
	if err != nil {
		return 0
	}
	n := 0
	for _, p := range processes {
		if _, err := strconv.Atoi(p.Name()); err == nil && command(m.path(filepath.Join("proc", p.Name()))) == "mount.ocfs2" {
			n++
		}
	}
	return n
}

// stopsByUs tells whether the program that the kernel runs when a volume is
// unmounted is a link to o2cb_ctl. The C program of that name is no link.
func (m *Manager) stopsByUs() bool {
	path, err := os.ReadFile(m.path("proc/sys/fs/ocfs2/nm/hb_ctl_path"))
	if err != nil {
		return false
	}
	target, err := filepath.EvalSymlinks(m.path(strings.TrimSpace(string(path))))
	return err == nil && filepath.Base(target) == "o2cb_ctl"
}
