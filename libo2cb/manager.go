// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
	"github.com/sirupsen/logrus"
)

// DefaultConfig is the configuration file below the root. o2cb(7).
const DefaultConfig = "/etc/ocfs2/cluster.conf"

// Options say which system a Manager manages. The zero value is this machine
// with its usual files.
type Options struct {
	// Root is the directory below which everything is; "/" when empty. Config is
	// not below it.
	Root string
	// Config is the configuration file; DefaultConfig below Root when empty.
	Config string
	// LocalNode is the name of the node that this machine is; when empty O2CB_NODE of
	// the settings says it, or the host name, by the rule of [cluster.Cluster.LocalNode].
	LocalNode string
	// Permissive lets a configuration go online whose errors neither the C tools
	// nor the kernel mind, so that an upgrade takes no running cluster down.
	Permissive bool
	// Observe, if not nil, is told of each step before and after it is taken, and
	// undone. Its error counts as one of the step.
	Observe func(plan.Event) error
	// Progress, if not nil, is told how far the kernel is while it starts heartbeat
	// regions in global mode: whenever something has changed, and once a second.
	Progress func([]heartbeat.Progress)
	// Find looks for volumes by UUID; [volume.FindAll] when nil. A disk that hangs
	// keeps the process from ending that reads it, which may be another one.
	Find func(ctx context.Context, root string, uuids []string) ([]*volume.Volume, error)
	// Starter starts heartbeat regions; when nil this process does it. One that is
	// killed in those ten seconds leaves a region that only a reboot removes, so a
	// program that may be killed has another process do it.
	Starter Starter
	// Wait is how long a change waits for those of other processes before it fails
	// with ErrLocked; LockWait when 0.
	Wait time.Duration
	// Logger gets a line of level debug for each change; silent when nil.
	Logger logrus.FieldLogger
}

// Starter starts heartbeat regions. A [*heartbeat.Keeper] is one, and says what is
// to be kept to.
type Starter interface {
	Start(ctx context.Context, r heartbeat.Request) (*heartbeat.Result, error)
	StartAll(ctx context.Context, clusterName string, requests []heartbeat.Request, progress func([]heartbeat.Progress)) ([]heartbeat.Result, error)
}

// Manager controls the cluster of one system. It keeps nothing but its options
// and may be used by several goroutines.
type Manager struct {
	root       string
	config     string
	localNode  string
	permissive bool
	observe    func(plan.Event) error
	progress   func([]heartbeat.Progress)
	find       func(ctx context.Context, root string, uuids []string) ([]*volume.Volume, error)
	starter    Starter
	wait       time.Duration
	log        logrus.FieldLogger
	stack      *stack.Stack
	addresses  func() ([]netip.Prefix, error)
	list       func() ([]string, error) // of the lock domains' names
	listLocks  func() (map[string][]string, error)
}

// New returns a Manager. It looks at nothing.
func New(o Options) *Manager {
	m := &Manager{root: "/", config: o.Config, localNode: o.LocalNode, permissive: o.Permissive, observe: o.Observe, progress: o.Progress, find: o.Find, starter: o.Starter, wait: cmp.Or(o.Wait, LockWait), log: o.Logger, addresses: hostAddresses}
	if o.Root != "" {
		m.root = filepath.Clean(o.Root)
	}
	if m.config == "" {
		m.config = m.path(DefaultConfig)
	}
	if m.observe == nil {
		m.observe = func(plan.Event) error { return nil }
	}
	if m.find == nil {
		m.find = volume.FindAll
	}
	if m.log == nil {
		silent := logrus.New()
		silent.SetOutput(io.Discard)
		m.log = silent
	}
	m.stack = stack.New(m.root, m.log)
	m.list = m.stack.Domains
	m.listLocks = m.listNames
	return m
}

func (m *Manager) path(rel string) string { return filepath.Join(m.root, rel) }

// kernel returns the configfs of the system. It fails with [stack.ErrNotMounted].
func (m *Manager) kernel() (*configfs.FS, error) {
	mountPoint, err := m.stack.ConfigFS()
	if err != nil {
		return nil, err
	}
	return configfs.New(mountPoint), nil
}

// hostname returns the kernel's host name. proc(5).
func (m *Manager) hostname() (string, error) {
	text, err := os.ReadFile(m.path("proc/sys/kernel/hostname"))
	return strings.TrimSpace(string(text)), err
}

// hostAddresses returns the IPv4 addresses of this host's interfaces.
func hostAddresses() ([]netip.Prefix, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var prefixes []netip.Prefix
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().Is4() {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes, nil
}

// absent tells whether err only says that configfs is not mounted.
func absent(err error) bool { return errors.Is(err, stack.ErrNotMounted) }
