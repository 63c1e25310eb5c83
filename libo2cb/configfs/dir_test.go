// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A plain file keeps what is longer than the new value, as no attribute does:
// set must see that its value is not what is there.
func TestSetReadsBack(t *testing.T) {
	fs, root := fixture(t, web)
	nodes, err := fs.in("web", "node")
	if err != nil {
		t.Fatal(err)
	}
	defer nodes.close()
	if err := nodes.set("a/num", "8"); err != nil {
		t.Errorf("a value that stays: %v", err)
	}
	err = nodes.set("a/ipv4_port", "77")
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrIgnored) || e.Op != "write" || e.Value != "77" ||
		e.Path != filepath.Join(root, "cluster/web/node/a/ipv4_port") || !strings.Contains(e.Reason, "77\n8") {
		t.Errorf("a value that does not stay: %#v, want ErrIgnored with path and values", err)
	}
	if err := nodes.set("a/missing", "1"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("a missing attribute: %v, want ENOENT", err)
	}
	if err := nodes.set("a", "1"); !errors.Is(err, unix.EISDIR) {
		t.Errorf("a directory: %v, want EISDIR", err)
	}
}

// Only one node is asked whether it is local once that is known.
func TestReadNodesStopsAtTheLocalOne(t *testing.T) {
	fs, root := fixture(t, web)
	remove(t, filepath.Join(root, "cluster/web/node/b/local"))
	c, err := fs.Cluster("web")
	if err != nil || !c.Node("a").Local || c.Node("b").Local {
		t.Errorf("Cluster() = %+v, %v, want node a as the local one", c, err)
	}
	put(t, filepath.Join(root, "cluster/web/node/a/local"), "0\n")
	if _, err := fs.Cluster("web"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("without a local node: %v, want ENOENT of node b's", err)
	}
}

// What is missing on the way to a directory of a cluster is named.
func TestInExplains(t *testing.T) {
	fs, root := fixture(t, web)
	for _, step := range []struct{ remove, path, reason string }{
		{"cluster/web/node", "cluster/web/node", "no such directory"},
		{"cluster/web", "cluster/web", "no cluster of this name"},
		{"cluster", "cluster", "not mounted"},
	} {
		remove(t, filepath.Join(root, step.remove))
		_, err := fs.in("web", "node")
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, unix.ENOENT) || e.Path != filepath.Join(root, step.path) || !strings.Contains(e.Reason, step.reason) {
			t.Errorf("without %s: %v, want ENOENT of %s and %q", step.remove, err, step.path, step.reason)
		}
	}
}
