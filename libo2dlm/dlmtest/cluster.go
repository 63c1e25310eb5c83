// SPDX-License-Identifier: Apache-2.0

package dlmtest

import (
	"context"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// Cluster is a cluster that is only a directory.
type Cluster struct{ dir string }

// New returns the cluster in a directory, which must exist, be on a local file
// system that knows flock(2), and be removed by the caller: T.TempDir does both. It
// touches nothing.
func New(dir string) *Cluster { return &Cluster{dir} }

// Options returns the options by which the program under test joins the cluster. The
// caller may change them, but for Mount and SingleNode.
func (c *Cluster) Options() *libo2dlm.JoinOptions {
	return &libo2dlm.JoinOptions{Mount: c.dir, SingleNode: true}
}

// Node returns another node, which has joined the domain. It is there until Crash or
// Close. The error is that of libo2dlm.Join.
func (c *Cluster) Node(domain string) (*Node, error) {
	d, err := libo2dlm.Join(context.Background(), domain, c.Options())
	if err != nil {
		return nil, err
	}
	return &Node{Domain: d}, nil
}

// LoseValue makes a lock's value be lost, as it is when the node dies that has had
// the lock exclusively last, even if it only cached it: libo2dlm.Hold.Value returns
// ErrValueLost from the next hold on, and a token is Restarted. It fails with
// libo2dlm.ErrBusy while somebody holds the lock: its value cannot be lost then.
func (c *Cluster) LoseValue(domain, resource string) error {
	n, err := c.Node(domain)
	if err != nil {
		return err
	}
	defer n.Close()
	h, err := n.Domain.TryLock(resource, libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	if err := h.SetRawValue(nil); err != nil {
		_ = h.Release() // the first error counts
		return err
	}
	return h.Release()
}

// Stall keeps all requests for a lock from being answered until the returned
// function is called: neither granted nor refused, as while the network is slow or
// the node that masters the lock has just died. A lock that is held stays held, and
// one that a Mutex has cached stays usable. The function may be called again.
//
// It takes the lock's gate, see libo2dlm.Gate, for which a request that is under way
// is waited for. A lock declared ExclusiveOnly has none, and is not stalled.
func (c *Cluster) Stall(domain, resource string) (resume func(), err error) {
	fail := func(op string, err error) (func(), error) {
		return nil, fmt.Errorf("stall %q of domain %q: %s: %w", resource, domain, op, err)
	}
	n, err := c.Node(domain) // which checks the name and makes the directory
	if err != nil {
		return nil, err
	}
	defer n.Close()
	for {
		path := filepath.Join(c.dir, domain, libo2dlm.Gate(resource))
		fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return fail("open", err)
		}
		if err := untilDone(func() error { return unix.Flock(fd, unix.LOCK_EX) }); err != nil {
			unix.Close(fd)
			return fail("flock", err)
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			unix.Close(fd)
			return fail("fstat", err)
		}
		if st.Nlink > 0 {
			return closeOnce(fd), nil
		}
		unix.Close(fd) // it was removed while it was waited for
	}
}
