// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// plainDomain is a domain in a plain directory, joined. The nodes in it besides
// this one are those of here: they keep their presence locks.
func plainDomain(t testing.TB, here ...int) *domain {
	t.Helper()
	d := newDomain(t.TempDir())
	d.isDLMFS = func(string) (bool, error) { return true, nil }
	d.openat = func(path string, flags int) (int, error) {
		for _, node := range here {
			if filepath.Base(path) == presenceLock(node) && flags&unix.O_NONBLOCK != 0 {
				return -1, unix.ETXTBSY
			}
		}
		return openLock(path, flags)
	}
	if err := d.join(); err != nil {
		t.Fatal(err)
	}
	return d
}

// put has another node publish.
func put(t testing.TB, d *domain, node int, block []byte) {
	t.Helper()
	if err := d.publish(node, block); err != nil {
		t.Fatal(err)
	}
}

// locks lists the locks of the domain.
func locks(t testing.TB, d *domain) []string {
	t.Helper()
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

func TestJoinRefusesAPlainDirectory(t *testing.T) {
	d := newDomain(t.TempDir())
	if err := d.join(); err == nil || !strings.Contains(err.Error(), "not a dlmfs (o2cb_ctl load)") {
		t.Errorf("join() = %v", err)
	}
	if _, err := os.Stat(d.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory was made: %v", err)
	}
	d = newDomain("/nowhere/dlm")
	if err := d.join(); !errors.Is(err, unix.ENOENT) {
		t.Errorf("join() without a mount point: %v", err)
	}
}

func TestPublishAndRead(t *testing.T) {
	d := plainDomain(t, 1)
	own, theirs := Record{Node: 0}.Encode(), Record{Node: 1}.Encode()
	put(t, d, 0, own[:])
	if got := locks(t, d); !slices.Equal(got, []string{"here-0", "node-0"}) {
		t.Errorf("after publish there are %v", got)
	}
	if err := d.write(recordLock(1), theirs[:]); err != nil {
		t.Fatal(err)
	}
	block, err := d.read(1)
	if err != nil || !bytes.Equal(block, theirs[:]) {
		t.Errorf("read(1) = %x, %v", block, err)
	}
	if _, err := d.read(2); !errors.Is(err, errAbsent) {
		t.Errorf("read() of a node that is not there: %v", err)
	}
	// What was asked for is given up at once.
	if got := locks(t, d); !slices.Equal(got, []string{"here-0", "node-0"}) {
		t.Errorf("after reading there are %v", got)
	}
}

// A record that is there already is not written: all readers would fetch it anew.
func TestPublishAgain(t *testing.T) {
	d := plainDomain(t)
	first, second := Record{Node: 0}.Encode(), Record{Node: 0, File: Digest{1}}.Encode()
	put(t, d, 0, first[:])
	path := filepath.Join(d.dir, recordLock(0))
	old := time.Unix(1, 0)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	put(t, d, 0, first[:])
	if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("the same was written again: %v", err)
	}
	put(t, d, 0, second[:])
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, second[:]) {
		t.Errorf("another was not written: %x, %v", got, err)
	}
}

func TestLeave(t *testing.T) {
	d := plainDomain(t)
	put(t, d, 0, make([]byte, RecordSize))
	for range 2 {
		if err := d.leave(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(d.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// A lock that is just being unlinked answers EAGAIN.
func TestOpenWaitsForAnUnlink(t *testing.T) {
	d := plainDomain(t)
	var calls atomic.Int32
	d.openat = func(path string, flags int) (int, error) {
		if calls.Add(1) < 3 {
			return -1, unix.EAGAIN
		}
		return openLock(path, flags)
	}
	fd, err := d.open("node-0", 0)
	if err != nil || calls.Load() != 3 {
		t.Fatalf("open() = %v after %d calls", err, calls.Load())
	}
	unix.Close(fd)
	d.openat = func(string, int) (int, error) { return -1, unix.EIO }
	if _, err := d.open("node-0", 0); !errors.Is(err, unix.EIO) || !strings.Contains(err.Error(), "node-0") {
		t.Errorf("open() = %v", err)
	}
}

// answers runs a request in a domain and returns what was told, by step and node.
func answers(t testing.TB, d *domain, r Request) []answer {
	t.Helper()
	var out bytes.Buffer
	s := &server{domain: d, out: json.NewEncoder(&out)}
	s.serve(r)
	s.tell(answer{Step: stepEnd})
	s.tell(answer{Step: stepRead, Node: 99}) // too late
	var all []answer
	for lines := json.NewDecoder(&out); lines.More(); {
		var a answer
		if err := lines.Decode(&a); err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	slices.SortStableFunc(all[1:len(all)-1], func(a, b answer) int { return a.Node - b.Node })
	return all
}

func TestServe(t *testing.T) {
	d := plainDomain(t, 1, 3)
	own, theirs := Record{Node: 0}.Encode(), Record{Node: 1}.Encode()
	if err := d.write(recordLock(1), theirs[:]); err != nil {
		t.Fatal(err)
	}
	open := d.openat
	d.openat = func(path string, flags int) (int, error) {
		if filepath.Base(path) == recordLock(3) {
			return -1, unix.EIO
		}
		return open(path, flags)
	}
	got := answers(t, d, Request{Node: 0, Record: own[:], Ask: []int{1, 2, 3}})
	if len(got) != 5 || got[0].Step != stepPublish || got[0].Error != "" || got[4].Step != stepEnd {
		t.Fatalf("%+v", got)
	}
	if a := got[1]; a.Node != 1 || !bytes.Equal(a.Block, theirs[:]) || a.Absent || a.Error != "" {
		t.Errorf("node 1: %+v", a)
	}
	if a := got[2]; a.Node != 2 || !a.Absent || a.Error != "" {
		t.Errorf("node 2: %+v", a)
	}
	if a := got[3]; a.Node != 3 || a.Errno != unix.EIO || !errors.Is(a.failure(), unix.EIO) {
		t.Errorf("node 3: %+v", a)
	}
	if got := answers(t, d, Request{Leave: true}); len(got) != 2 || got[0].Step != stepLeave || got[0].Error != "" {
		t.Errorf("leave: %+v", got)
	}
}

// Without the domain nobody is asked.
func TestServeCannotJoin(t *testing.T) {
	d := plainDomain(t)
	d.isDLMFS = func(string) (bool, error) { return false, unix.EACCES }
	got := answers(t, d, Request{Record: make([]byte, RecordSize), Ask: []int{1}})
	if len(got) != 2 || got[0].Step != stepPublish || !errors.Is(got[0].failure(), unix.EACCES) {
		t.Errorf("%+v", got)
	}
}

// Nodes that do not answer do not keep the others back.
func TestServeBesideAHangingNode(t *testing.T) {
	d := plainDomain(t)
	hang := make(chan struct{})
	open := d.openat
	d.openat = func(path string, flags int) (int, error) {
		if filepath.Base(path) == presenceLock(1) {
			<-hang
		}
		return open(path, flags)
	}
	lines := make(chan []byte, 8)
	s := &server{domain: d, out: json.NewEncoder(lineWriter(lines))}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serve(Request{Record: make([]byte, RecordSize), Ask: []int{1, 2}})
	}()
	for _, want := range []string{`"publish"`, `"node":2`} {
		if line := <-lines; !bytes.Contains(line, []byte(want)) {
			t.Errorf("%s, want %s", line, want)
		}
	}
	close(hang)
	<-done
	if line := <-lines; !bytes.Contains(line, []byte(`"node":1`)) {
		t.Errorf("%s", line)
	}
}

// lineWriter sends what is written.
type lineWriter chan []byte

func (w lineWriter) Write(p []byte) (int, error) {
	w <- bytes.Clone(p)
	return len(p), nil
}
