// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/peers"
)

// noChild has a program that must not be started.
func noChild() PeerOptions {
	return PeerOptions{Path: "/nowhere/child", Args: []string{"child"}, Patience: 2 * time.Second}
}

// guarded makes the files of a machine whose domain may be joined: the region's
// volume is mounted, and the kernel runs our program at umount.
func guarded(t testing.TB, files map[string]string) (*Manager, string) {
	t.Helper()
	files["proc/sys/fs/ocfs2/nm/hb_ctl_path"] = "/sbin/ocfs2_hb_ctl\n"
	files["sbin/o2cb_ctl"] = ""
	files["sys/class/block/sda1/dev"] = "98:0\n"
	m, root := manager(t, files, Options{})
	if err := os.Symlink("o2cb_ctl", filepath.Join(root, "sbin/ocfs2_hb_ctl")); err != nil {
		t.Fatal(err)
	}
	return m, root
}

func TestUnsafeToJoin(t *testing.T) {
	for name, tt := range map[string]struct {
		files  map[string]string // other than those of a guarded machine
		change func(c *cluster.Cluster)
		want   string // in the reason; empty for safe
	}{
		"our program, mounted": {nil, nil, ""},
		"the C program":        {map[string]string{"proc/sys/fs/ocfs2/nm/hb_ctl_path": "/sbin/c_hb_ctl\n", "sbin/c_hb_ctl": ""}, nil, "hb_ctl_path"},
		"no program":           {map[string]string{"proc/sys/fs/ocfs2/nm/hb_ctl_path": "/nowhere\n"}, nil, "hb_ctl_path"},
		"not mounted":          {map[string]string{"sys/class/block/sda1/dev": "98:16\n"}, nil, "heartbeat start DEVICE"},
		"unknown device":       {map[string]string{"sys/class/block/sda1/dev": ""}, nil, "heartbeat start DEVICE"},
		"no heartbeat":         {nil, func(c *cluster.Cluster) { c.Regions = nil }, "no heartbeat runs"},
		"half started":         {nil, func(c *cluster.Cluster) { c.Regions[0].Device = "" }, "no heartbeat runs"},
		"no local node":        {nil, func(c *cluster.Cluster) { c.Nodes[0].Local = false }, "no registered node"},
		"global, the C program": {map[string]string{"proc/sys/fs/ocfs2/nm/hb_ctl_path": "/nowhere\n"},
			func(c *cluster.Cluster) { c.HeartbeatMode = cluster.GlobalHeartbeat }, ""},
	} {
		files := onlineMachine()
		m, root := guarded(t, files)
		for name, content := range tt.files {
			if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, have, err := m.running()
		if err != nil {
			t.Fatal(err)
		}
		if tt.change != nil {
			tt.change(have)
		}
		err = m.unsafeToJoin(t.Context(), have)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestMounting(t *testing.T) {
	files := onlineMachine()
	m, _ := manager(t, files, Options{})
	if n := m.mounting(); n != 0 {
		t.Errorf("%d mounts are under way, want none", n)
	}
	files["proc/15/comm"] = "mount.ocfs2\n"
	m, _ = manager(t, files, Options{})
	if n := m.mounting(); n != 1 {
		t.Errorf("%d mounts are under way, want 1", n)
	}
}

// What is not asked is unknown, with the reason, and no child is started.
func TestPeersUnasked(t *testing.T) {
	for name, tt := range map[string]struct {
		files func() map[string]string
		want  string
		peers int
	}{
		"no cluster":    {machine, "no cluster is online", 0},
		"not safe":      {onlineMachine, "hb_ctl_path", 1},
		"without dlmfs": {func() map[string]string { return unmounted(onlineMachine(), "ocfs2_dlmfs ocfs2_dlmfs") }, "not mounted", 1},
	} {
		m, _ := manager(t, tt.files(), Options{})
		r, err := m.Peers(t.Context(), noChild())
		if err != nil || r.Published || !strings.Contains(r.Reason, tt.want) || len(r.Peers) != tt.peers {
			t.Errorf("%s: %+v, %v", name, r, err)
			continue
		}
		for _, p := range r.Peers {
			if p.Name != "b" || p.State != PeerUnknown || !strings.Contains(p.Reason, tt.want) {
				t.Errorf("%s: %+v", name, p)
			}
		}
	}
}

// unmounted takes the lines with a text out of the mount table.
func unmounted(files map[string]string, text string) map[string]string {
	var kept []string
	for line := range strings.Lines(files["proc/self/mountinfo"]) {
		if !strings.Contains(line, text) {
			kept = append(kept, line)
		}
	}
	files["proc/self/mountinfo"] = strings.Join(kept, "")
	return files
}

// A child that cannot be started is a reason, not a failure of status.
func TestPeersWithoutChild(t *testing.T) {
	m, _ := guarded(t, onlineMachine())
	r, err := m.Peers(t.Context(), noChild())
	if err != nil || r.Published || !strings.Contains(r.Reason, "start /nowhere/child") {
		t.Errorf("%+v, %v", r, err)
	}
}

// While the cluster is changed nobody is asked.
func TestPeersWaitForAChange(t *testing.T) {
	m, _ := guarded(t, onlineMachine())
	_, unlock, err := m.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	o := noChild()
	o.Patience = 50 * time.Millisecond
	r, err := m.Peers(t.Context(), o)
	if err != nil || !strings.Contains(r.Reason, "another process is changing the cluster") {
		t.Errorf("%+v, %v", r, err)
	}
}

// What the kernel logged of a node that cannot connect explains it, and keeps
// this one from trying to join.
func TestPeersFromTheLog(t *testing.T) {
	record := func(age time.Duration, text string) string {
		return fmt.Sprintf("5,1,%d,-;%s\n DEVICE=x\n", (kernelTime() - age).Microseconds(), text)
	}
	const timeouts = "o2net: node b (num 1) at 10.0.0.2:7777 uses a heartbeat timeout of 12000 ms, but we use 60000 ms locally. Disconnecting."
	for name, tt := range map[string]struct {
		log   string
		state PeerState
		value string
		asked bool
	}{
		"nothing":            {"", PeerUnknown, "", true},
		"other timeouts":     {record(time.Second, timeouts), PeerDiffers, "7", false},
		"long ago":           {record(time.Hour, timeouts), PeerUnknown, "", true},
		"with other values":  {record(time.Second, strings.Replace(timeouts, "60000", "8000", 1)), PeerUnknown, "", true},
		"no connection":      {record(time.Second, "o2net: No connection established with node 1 after 30.0 seconds"), PeerUnknown, "", false},
		"another node list":  {record(time.Hour, "dlm_send_nodeinfo:1270 ERROR: node mismatch -22, node 1"), PeerDiffers, "another", true},
		"of an unknown node": {record(time.Second, "dlm_send_nodeinfo:1270 ERROR: node mismatch -22, node 7"), PeerUnknown, "", true},
	} {
		files := onlineMachine()
		files["dev/kmsg"] = tt.log
		m, _ := guarded(t, files)
		r, err := m.Peers(t.Context(), noChild())
		if err != nil || len(r.Peers) != 1 {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		if asked := strings.Contains(r.Reason, "/nowhere/child"); asked != tt.asked {
			t.Errorf("%s: asked is %v, want %v: %s", name, asked, tt.asked, r.Reason)
		}
		p, value := r.Peers[0], ""
		if len(p.Differences) > 0 {
			value = p.Differences[0].Theirs
		}
		if p.State != tt.state || value != tt.value || p.Reason == "" {
			t.Errorf("%s: %+v, want %s %q", name, p, tt.state, tt.value)
		}
	}
}

func TestOwnRecord(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		runs bool // the file is what runs
		none bool // there is no such file or cluster
	}{
		"as it runs":      {conf2, true, false},
		"other order":     {conf2[strings.Index(conf2, "node:"):] + conf2[:strings.Index(conf2, "node:")], true, false},
		"another port":    {strings.Replace(conf2, "7777", "7778", 1), false, false},
		"another cluster": {strings.ReplaceAll(conf2, "web", "db"), false, true},
		"garbage":         {"\x00", false, true},
	} {
		files := onlineMachine()
		files["etc/ocfs2/cluster.conf"] = tt.file
		m, _ := manager(t, files, Options{})
		_, have, err := m.running()
		if err != nil {
			t.Fatal(err)
		}
		r := m.ownRecord(have)
		if r.Node != 0 || r.Timing.DeadThreshold != 31 || r.Layout.NodeCount != 2 {
			t.Fatalf("%s: %+v", name, r)
		}
		if runs, none := r.File == r.Layout.Digest(), r.File == (peers.Digest{}); runs != tt.runs || none != tt.none {
			t.Errorf("%s: the file is what runs: %v, none: %v", name, runs, none)
		}
	}
}

// compared fills a report in from a reply.
func compared(reply peers.Reply, own peers.Record, numbers ...int) []Peer {
	r := PeerReport{}
	q := &inquiry{own: own, report: &r, options: PeerOptions{Patience: DefaultPatience}}
	for _, n := range numbers {
		p := Peer{Number: n, State: PeerUnknown}
		q.compare(&p, reply)
		r.Peers = append(r.Peers, p)
	}
	return r.Peers
}

func TestCompareReply(t *testing.T) {
	own := peers.Record{Node: 0, Timing: cluster.Timing{DeadThreshold: 31}}
	block := func(change func(*peers.Record)) []byte {
		r := own
		r.Node = 1
		change(&r)
		b := r.Encode()
		return b[:]
	}
	own.Layout.Mode = cluster.LocalHeartbeat
	reply := peers.Reply{
		Records: map[int][]byte{
			1: block(func(*peers.Record) {}),
			2: block(func(r *peers.Record) { r.Node, r.Timing.DeadThreshold = 2, 61 }),
			3: make([]byte, peers.RecordSize),
			4: []byte("something else"),
			5: block(func(*peers.Record) {}), // that of node 1
		},
		Absent: map[int]bool{6: true},
		Errors: map[int]error{7: os.ErrPermission},
	}
	got := compared(reply, own, 1, 2, 3, 4, 5, 6, 7, 8)
	for i, want := range []struct {
		state  PeerState
		reason string
	}{
		{PeerSame, ""}, {PeerDiffers, ""}, {PeerUnknown, "lost with a node that died"}, {PeerUnknown, "not a record"},
		{PeerUnknown, "that of node 1"}, {PeerUnknown, "has published nothing"}, {PeerUnknown, "permission denied"}, {PeerUnknown, "no answer within 5s"},
	} {
		if got[i].State != want.state || !strings.Contains(got[i].Reason, want.reason) || want.reason == "" && got[i].Reason != "" {
			t.Errorf("node %d: %+v, want %+v", i+1, got[i], want)
		}
	}
	if !slices.Equal(got[1].Differences, []peers.Difference{{Setting: "dead_threshold", Own: "31", Theirs: "61"}}) {
		t.Errorf("node 2: %+v", got[1].Differences)
	}
}

func TestParseRecord(t *testing.T) {
	l, ok := parseRecord("6,1234,22160000,-,caller=T1;o2dlm: a; b")
	if !ok || l.At != 22160*time.Millisecond || l.Text != "o2dlm: a; b" {
		t.Errorf("%+v, %v", l, ok)
	}
	for _, line := range []string{"", " DEVICE=x;y,z,1,2", "6,1,x,-;text", "6,1;text", "no record"} {
		if l, ok := parseRecord(line); ok {
			t.Errorf("%q is %+v", line, l)
		}
	}
}
