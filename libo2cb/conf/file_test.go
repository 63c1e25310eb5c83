// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

func TestClusters(t *testing.T) {
	f, findings := Parse("c", []byte(`node:
	name = a
	cluster = web
	number = +5
	ip_address = 10.0.0.1
	ip_port = 07777
cluster:
	name = web
	node_count = 1
	heartbeat_mode = Global
cluster:
	name = two
	node_count = 0
heartbeat:
	cluster = web
	region = 77D95EF51C0149D2823674FCC162CF8B
`))
	if len(findings) != 0 {
		t.Error(findings)
	}
	want := []*cluster.Cluster{
		{
			Name: "web", HeartbeatMode: cluster.GlobalHeartbeat,
			Nodes:   []cluster.Node{{Name: "a", Number: 5, Address: netip.MustParseAddr("10.0.0.1"), Port: 7777}},
			Regions: []cluster.Region{{Name: "77D95EF51C0149D2823674FCC162CF8B"}},
		},
		{Name: "two", HeartbeatMode: cluster.LocalHeartbeat},
	}
	if !reflect.DeepEqual(f.Clusters(), want) {
		t.Errorf("Clusters: %s", show(f))
	}
	if f.Cluster("two") != f.Clusters()[1] || f.Cluster("x") != nil {
		t.Error("Cluster finds the wrong one")
	}
}

func TestParseNumber(t *testing.T) {
	for _, test := range []struct {
		text string
		n    uint64
		err  error
	}{
		{"0", 0, nil}, {"007", 7, nil}, {"+5", 5, nil}, {"-0", 0, nil}, {"\v\f\r\n 5", 5, nil},
		{"100", 100, nil}, {"101", 0, errOutOfRange}, {"-1", 0, errOutOfRange},
		{"-18446744073709551615", 1, nil}, {"18446744073709551616", 0, errOutOfRange},
		{"", 0, errNotDecimal}, {"+", 0, errNotDecimal}, {"++1", 0, errNotDecimal}, {"+ 1", 0, errNotDecimal},
		{"0x5", 0, errNotDecimal}, {"5 5", 0, errNotDecimal}, {"5\v", 0, errNotDecimal}, {"٣", 0, errNotDecimal},
	} {
		if n, err := parseNumber(test.text, 100); n != test.n || !errors.Is(err, test.err) {
			t.Errorf("parseNumber(%q) = %d, %v, want %d, %v", test.text, n, err, test.n, test.err)
		}
	}
}

// TestLargestFilesAreRead reads files at the limit that would take for ever, or
// all memory, if anything but time linear in their size were spent on them.
func TestLargestFilesAreRead(t *testing.T) {
	fill := func(text string) []byte { return bytes.Repeat([]byte(text), MaxSize/len(text)) }
	// A quarter of the limit where each line costs a finding: plenty to tell
	// linear from quadratic, and quick under the race detector.
	after := func(head, text string) []byte {
		return append([]byte(head), bytes.Repeat([]byte(text), MaxSize/4/len(text))...)
	}
	for name, data := range map[string][]byte{
		"blank lines":      fill("\n"),
		"blanks":           fill(" "),
		"comments":         fill("#\n"),
		"errors":           after("", "=\n"),
		"unknown stanzas":  after("", "a:\n"),
		"attributes":       after("node:\n", " a=\n"),
		"one value":        append([]byte("node:\n a="), fill("\\\n")[:MaxSize/2]...),
		"clusters, nodes":  append(after("", "cluster:\n name=abcdefgh\n"), after("", "node:\n cluster=abcdefgi\n")...),
		"duplicate nodes":  after(web, "node:\n cluster=web\n name=a\n number=1\n ip_address=10.0.0.1\n"),
		"one region again": after(web, "heartbeat:\n cluster=web\n region=a\n"),
	} {
		f, findings := Parse("c", data)
		if f.tooLarge || !bytes.Equal(f.Bytes(), data) {
			t.Errorf("%s: not read, %v", name, findings.Err())
		}
	}
}

func TestTooLargeFile(t *testing.T) {
	data := bytes.Repeat([]byte("\n"), MaxSize+1)
	f, findings := Parse("c", data)
	if len(findings) != 1 || findings[0].Code != CodeFileTooLarge || findings.ErrPermissive() == nil {
		t.Errorf("Parse: %v", findings)
	}
	if !bytes.Equal(f.Bytes(), data) || f.Clusters() != nil {
		t.Error("Parse: not printed as it was, or clusters")
	}
	path := filepath.Join(t.TempDir(), "c")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, findings, err := Load(path)
	if err != nil || len(findings) != 1 || findings[0].Code != CodeFileTooLarge {
		t.Errorf("Load: %v, %v", findings, err)
	}
	if err := f.AddCluster("web"); err == nil {
		t.Error("edited")
	}
	if _, err := Format(f); err == nil {
		t.Error("formatted")
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cluster.conf")
	for _, missing := range []string{path, filepath.Join(dir, "no", "such", "cluster.conf")} {
		f, findings, err := Load(missing)
		if err != nil || len(findings) != 0 || len(f.Clusters()) != 0 {
			t.Errorf("Load of a missing file: %v, %v", findings, err)
		}
	}
	if err := os.WriteFile(path, []byte(web+"x"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, findings, err := Load(path)
	if err != nil || string(f.Bytes()) != web+"x" || len(findings) != 1 || findings[0].File != path {
		t.Errorf("Load: %q, %v, %v", f.Bytes(), findings, err)
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/dev/null", link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, fifo, link, "/dev/zero"} {
		_, _, err := Load(path)
		var failed *Error
		if !errors.Is(err, ErrNotRegular) || !errors.As(err, &failed) {
			t.Errorf("Load(%s): %v", path, err)
		}
		err = Edit(t.Context(), path, func(f *File) error { return f.AddCluster("web") })
		if !errors.Is(err, ErrNotRegular) {
			t.Errorf("Edit(%s): %v", path, err)
		}
	}
	if _, _, err := Load(filepath.Join(fifo, "cluster.conf")); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("Load below a FIFO: %v", err)
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(loop); !errors.Is(err, syscall.ELOOP) || !strings.Contains(err.Error(), loop) {
		t.Errorf("Load of a loop: %v", err)
	}
}
