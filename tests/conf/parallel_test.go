// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

const web = "# kept\ncluster:\n\tname = web\n\tnode_count = 0\n"

// writeConf makes a cluster.conf in a folder of its own.
func writeConf(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cluster.conf")
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestParallelEditors runs 20 processes that each add 5 nodes. The C tools lose most of them.
func TestParallelEditors(t *testing.T) {
	const editors, edits = 20, 5
	path := writeConf(t, web)
	var running []*exec.Cmd
	for i := range editors {
		cmd := command(t, roleEdit, path, strconv.Itoa(edits*i), strconv.Itoa(edits))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("editor: %v", err)
		}
	}
	f, findings, err := conf.Load(path)
	if err != nil || len(findings) != 0 {
		t.Fatalf("%v, %v", findings, err)
	}
	for i := range editors * edits {
		if got := f.Cluster("web").Node(node(i).Name); got == nil || *got != node(i) {
			t.Errorf("node %d: %+v", i, got)
		}
	}
	wantFiles(t, filepath.Dir(path), ".cluster.conf.lock", "cluster.conf")
}

// TestDeadEditorBlocksNobody kills an editor that holds the lock.
func TestDeadEditorBlocksNobody(t *testing.T) {
	path := writeConf(t, web)
	holder := command(t, roleHold, path)
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	add := func(f *conf.File) error { return f.AddNode("web", node(0)) }
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := conf.Edit(ended, path, add); !errors.Is(err, conf.ErrLocked) {
		t.Errorf("an edit while another process holds the lock: %v", err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := holder.Wait(); err == nil {
		t.Error("the killed holder succeeded")
	}
	if err := conf.Edit(t.Context(), path, add); err != nil {
		t.Errorf("an edit after the holder's death: %v", err)
	}
}

// wantFiles checks which files a folder has.
func wantFiles(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	same := len(entries) == len(want)
	for i := range entries {
		same = same && entries[i].Name() == want[i]
	}
	if !same {
		t.Errorf("%s has %v, want %v", dir, entries, want)
	}
}
