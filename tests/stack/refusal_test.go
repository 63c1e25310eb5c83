// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/tests/lab"
	"golang.org/x/sys/unix"
)

const mountPoint = "/sys/kernel/config"

// refusals are things that the kernel does not take, by the state of a cluster
// web with the nodes node0 (number 0, 10.9.0.1, local) and node1 (number 1,
// 10.9.0.2).
var refusals = map[string][]refused{
	"quiet":  quiet,
	"living": living,
	"nobody": nobody,
}

type refused struct {
	name  string
	do    func(fs *configfs.FS) error
	op    string
	path  string     // below mountPoint/cluster
	value string     // "*" for whatever
	errno unix.Errno // 0: the kernel ignores the value
	says  string
}

// quiet are refused without any heartbeat.
var quiet = []refused{
	{"second cluster", func(fs *configfs.FS) error { return fs.CreateCluster("other") }, "mkdir", "other", "", unix.ENOSPC, "one cluster"},
	{"cluster again", func(fs *configfs.FS) error { return fs.CreateCluster("web") }, "mkdir", "web", "", unix.EEXIST, "exists"},
	{"cluster with nodes", func(fs *configfs.FS) error { return fs.RemoveCluster("web") }, "rmdir", "web", "", unix.ENOTEMPTY, "still has nodes"},
	{"no such cluster", func(fs *configfs.FS) error { return fs.RemoveCluster("other") }, "rmdir", "other", "", unix.ENOENT, "no cluster of this name"},
	{"node again", add("node1", 7, "10.9.0.7", 7777, false), "mkdir", "web/node/node1", "", unix.EEXIST, "a node of this name"},
	{"number of another", add("n", 1, "10.9.0.7", 7777, false), "write", "web/node/n/num", "1", unix.EEXIST, "another node of the cluster has number 1"},
	{"number 255", add("n", 255, "10.9.0.7", 7777, false), "write", "web/node/n/num", "255", unix.ERANGE, "0 to 254"},
	{"address of another", add("n", 7, "10.9.0.2", 7777, false), "write", "web/node/n/ipv4_address", "10.9.0.2", unix.EEXIST, "another node of the cluster has address 10.9.0.2"},
	{"IPv6", add("n", 7, "::1", 7777, false), "write", "web/node/n/ipv4_address", "::1", unix.EINVAL, "not an IPv4 address"},
	{"port 0", add("n", 7, "10.9.0.7", 0, false), "write", "web/node/n/ipv4_port", "0", unix.EINVAL, "1 to 65534"},
	{"port 65535", add("n", 7, "10.9.0.7", 65535, false), "write", "web/node/n/ipv4_port", "65535", unix.ERANGE, "1 to 65534"},
	{"second local node", add("n", 7, "10.9.0.1", 7777, true), "write", "web/node/n/ipv4_address", "10.9.0.1", unix.EEXIST, "address"},
	{"second local node elsewhere", add("n", 7, "127.0.0.1", 7777, true), "write", "web/node/n/local", "1", unix.EBUSY, "has a local node"},
	{"no such node", func(fs *configfs.FS) error { return fs.RemoveNode("web", "n") }, "rmdir", "web/node/n", "", unix.ENOENT, "no node of this name"},
	{"name of 65 bytes", add(strings.Repeat("n", 65), 7, "10.9.0.7", 7777, false), "mkdir", "web/node", strings.Repeat("n", 65), unix.ENAMETOOLONG, "64"},
	{"unknown mode", func(fs *configfs.FS) error { return fs.SetHeartbeatMode("web", "both") }, "write", "web/heartbeat/mode", "both", unix.EINVAL, "local and global"},
	{"threshold 2", func(fs *configfs.FS) error { return fs.SetTiming("web", cluster.Timing{DeadThreshold: 2}) },
		"write", "web/heartbeat/dead_threshold", "2", 0, "stays 31"},
	{"idle below keepalive", func(fs *configfs.FS) error {
		return fs.SetTiming("web", cluster.Timing{IdleTimeout: time.Second})
	}, "write", "web/idle_timeout_ms", "1000", unix.EINVAL, "above keepalive_delay_ms"},
	{"keepalive above idle, with more before it", func(fs *configfs.FS) error {
		return fs.SetTiming("web", cluster.Timing{IdleTimeout: 40 * time.Second, KeepaliveDelay: 50 * time.Second})
	}, "write", "web/keepalive_delay_ms", "50000", unix.EINVAL, "above keepalive_delay_ms"},
	{"fence method", func(fs *configfs.FS) error {
		return fs.SetTiming("web", cluster.Timing{ReconnectDelay: time.Second, FenceMethod: "sleep"})
	},
		"write", "web/fence_method", "sleep", unix.EINVAL, "reset and panic"},
	{"region on no device", region(cluster.Area{BlockBytes: 512, StartBlock: 8, Blocks: 255}, "/dev/null"),
		"write", "web/heartbeat/R/dev", "*", unix.EINVAL, "/dev/null"},
	{"region from block 0", region(cluster.Area{BlockBytes: 512, StartBlock: 0, Blocks: 255}, "/dev/ubda"),
		"write", "web/heartbeat/R/dev", "*", unix.EINVAL, "start_block above 0"},
	{"region of 256 blocks", region(cluster.Area{BlockBytes: 512, StartBlock: 8, Blocks: 256}, "/dev/ubda"),
		"write", "web/heartbeat/R/blocks", "256", unix.ERANGE, "blocks"},
	{"region of blocks of 300 bytes", region(cluster.Area{BlockBytes: 300, StartBlock: 8, Blocks: 255}, "/dev/ubda"),
		"write", "web/heartbeat/R/block_bytes", "300", unix.ERANGE, "block_bytes"},
	{"no such region", func(fs *configfs.FS) error { return fs.RemoveRegion("web", "R") }, "read", "web/heartbeat/R/dev", "", unix.ENOENT, "no such heartbeat region"},
}

// living are refused while both nodes have a volume mounted.
var living = []refused{
	{"living local node", func(fs *configfs.FS) error { return fs.RemoveNode("web", "node0") }, "rmdir", "web/node/node0", "", unix.EBUSY, "alive"},
	{"connected node", func(fs *configfs.FS) error { return fs.RemoveNode("web", "node1") }, "rmdir", "web/node/node1", "", unix.EBUSY, "alive"},
	{"mode", func(fs *configfs.FS) error { return fs.SetHeartbeatMode("web", cluster.GlobalHeartbeat) },
		"write", "web/heartbeat/mode", "global", 0, "stays local"},
	{"dead threshold", func(fs *configfs.FS) error { return fs.SetTiming("web", cluster.Timing{DeadThreshold: 5}) },
		"write", "web/heartbeat/dead_threshold", "5", 0, "stays 31"},
	{"idle timeout, with a fence method before it is refused", func(fs *configfs.FS) error {
		return fs.SetTiming("web", cluster.Timing{IdleTimeout: time.Minute, FenceMethod: "panic"})
	}, "write", "web/idle_timeout_ms", "60000", unix.EINVAL, "while a peer is connected"},
	{"keepalive delay", func(fs *configfs.FS) error { return fs.SetTiming("web", cluster.Timing{KeepaliveDelay: time.Second}) },
		"write", "web/keepalive_delay_ms", "1000", unix.EINVAL, "while a peer is connected"},
	{"dead threshold after a delay that is taken", func(fs *configfs.FS) error {
		return fs.SetTiming("web", cluster.Timing{ReconnectDelay: time.Second, DeadThreshold: 5})
	}, "write", "web/heartbeat/dead_threshold", "5", 0, "stays 31"},
	{"cluster with all in it", func(fs *configfs.FS) error { return fs.RemoveCluster("web") }, "rmdir", "web", "", unix.ENOTEMPTY, "o2cb_ctl offline"},
	{"region in use", func(fs *configfs.FS) error {
		c, err := fs.Cluster("web")
		if err != nil {
			return err
		}
		return fs.RemoveRegion("web", c.Regions[0].Name)
	}, "rmdir", "*", "", unix.EBUSY, "mounted volume, or in global mode a lock domain, needs"},
	{"region again", func(fs *configfs.FS) error {
		c, err := fs.Cluster("web")
		if err != nil {
			return err
		}
		return fs.StartRegion("web", c.Regions[0].Name, cluster.Area{BlockBytes: 512, StartBlock: 8, Blocks: 255}, os.Stdin)
	}, "mkdir", "*", "", unix.EEXIST, "runs already"},
}

// nobody are refused to a process without privilege.
var nobody = []refused{
	{"create", func(fs *configfs.FS) error { return fs.CreateCluster("other") }, "mkdir", "other", "", unix.EACCES, "as root"},
	{"add", add("n", 7, "10.9.0.7", 7777, false), "mkdir", "web/node/n", "", unix.EACCES, "as root"},
	{"remove", func(fs *configfs.FS) error { return fs.RemoveNode("web", "node1") }, "rmdir", "web/node/node1", "", unix.EACCES, "as root"},
	{"write", func(fs *configfs.FS) error { return fs.SetTiming("web", cluster.Timing{ReconnectDelay: time.Second}) },
		"write", "web/reconnect_delay_ms", "1000", unix.EACCES, "as root"},
}

func add(name string, number int, address string, port int, local bool) func(*configfs.FS) error {
	return func(fs *configfs.FS) error {
		return fs.AddNode("web", cluster.Node{Name: name, Number: number, Address: netip.MustParseAddr(address), Port: port, Local: local})
	}
}

func region(a cluster.Area, device string) func(*configfs.FS) error {
	return func(fs *configfs.FS) error {
		f, err := os.OpenFile(device, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		return fs.StartRegion("web", "R", a, f)
	}
}

// observed is a refusal as the role saw it.
type observed struct {
	Op, Path, Value, Text string
	Errno                 unix.Errno
	Ignored               bool
}

// refusal tries one table of refusals in a guest and answers what each gave.
func refusal(args []string) int {
	if args[0] == "nobody" {
		if err := dropPrivilege(); err != nil {
			return answer("", err)
		}
	}
	fs := configfs.New(mountPoint)
	seen := map[string]observed{}
	for _, r := range refusals[args[0]] {
		err := r.do(fs)
		var o observed
		if err != nil {
			o.Text = err.Error()
		}
		var e *configfs.Error
		if errors.As(err, &e) {
			o.Op, o.Path, o.Value, o.Ignored = e.Op, e.Path, e.Value, errors.Is(err, configfs.ErrIgnored)
			errors.As(err, &o.Errno)
		}
		seen[r.name] = o
	}
	return answer(seen, nil)
}

// dropPrivilege makes the process that of nobody.
func dropPrivilege() error {
	return errors.Join(syscall.Setgroups(nil), syscall.Setgid(65534), syscall.Setuid(65534))
}

// checkRefusals compares what reaches the caller with what the kernel is known to
// answer, and that nothing is left of the attempts.
func checkRefusals(t *testing.T, n *lab.Node, state string) {
	t.Helper()
	before := configTree(t, n)
	seen := ask[map[string]observed](t, n, "refusal", state)
	for _, r := range refusals[state] {
		t.Run(r.name, func(t *testing.T) {
			o := seen[r.name]
			path := mountPoint + "/cluster/" + r.path
			if o.Op != r.op || o.Path != path && r.path != "*" || o.Value != r.value && r.value != "*" ||
				o.Errno != r.errno || o.Ignored != (r.errno == 0) {
				t.Errorf("got %+v (%v), want %s %s %q %v", o, o.Errno, r.op, path, r.value, r.errno)
			}
			if !strings.Contains(o.Text, r.says) {
				t.Errorf("the message lacks %q: %s", r.says, o.Text)
			}
		})
	}
	same(t, "after all refusals", configTree(t, n), before)
}

// TestRefusalsOfAQuietCluster are those without heartbeat and without privilege.
func TestRefusalsOfAQuietCluster(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2), lab.Disk("data", "16M"))
	configure(t, c)
	n := c.Node(0)
	ask[json.RawMessage](t, n, "online")
	checkRefusals(t, n, "quiet")
	checkRefusals(t, n, "nobody")
	st := ask[libo2cb.Status](t, n, "status", "nobody")
	if !st.Online || len(st.Cluster.Nodes) != 2 {
		t.Errorf("status without privilege: %+v", st)
	}
	for _, role := range []string{"online", "offline"} {
		says(t, refuse(t, n, role, "nobody"), role+": only root may change the cluster", "permission denied", "run the command as root")
	}
}

// listen keeps a TCP port busy until it is killed.
func listen(args []string) int {
	l, err := net.Listen("tcp4", args[0])
	if err != nil {
		return answer("", err)
	}
	defer l.Close()
	fmt.Println("listening")
	time.Sleep(time.Hour) // select {} is a deadlock to a program without cgo
	return 0
}

// addLocal makes the node n with an address the local one of cluster web.
func addLocal(args []string) int {
	return answer("", add("n", 0, args[0], 7777, true)(configfs.New(mountPoint)))
}

// TestListeningRefusals are those that need a cluster without a local node.
func TestListeningRefusals(t *testing.T) {
	n := lab.Start(t, lab.Nodes(1)).Node(0)
	ask[json.RawMessage](t, n, "load")
	n.MustRun("mkdir", mountPoint+"/cluster/web")
	before := configTree(t, n)
	says(t, refuse(t, n, "addlocal", "10.9.0.77"), `write "1" to `+mountPoint+"/cluster/web/node/n/local",
		"10.9.0.77 is not an address of this host", unix.EADDRNOTAVAIL.Error())
	same(t, "after a foreign address", configTree(t, n), before)

	busy := n.StartSelf("listen", n.Addr()+":7777")
	busy.WaitLine("listening")
	says(t, refuse(t, n, "addlocal", n.Addr()), `write "1" to `+mountPoint+"/cluster/web/node/n/local",
		"another program listens on port 7777 of "+n.Addr(), unix.EADDRINUSE.Error())
	same(t, "after a busy port", configTree(t, n), before)
	busy.Kill(unix.SIGKILL)
	busy.Wait()
}
