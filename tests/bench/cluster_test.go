// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/tests/rig"
)

const (
	maxNodes = 255 // as many as a cluster can have
	tree     = "/sys/kernel/config/cluster"

	// A registration of all nodes takes long enough for few rounds.
	clusterRounds = 15
)

// raw is the name of the floor: the system calls without which no program could
// register nodes.
const raw = "raw"

// compareCheck PROGRAM compares what our check of the file of the largest cluster and
// Debian's listing of it take, as BenchmarkConfig does on the host.
func compareCheck(args []string) (times, error) {
	if err := os.WriteFile(rig.ConfigPath, []byte(config(maxNodes)), 0o644); err != nil {
		return nil, err
	}
	return comparePrograms(
		program{path: args[0], args: []string{"check"}, prints: fmt.Sprintf("%d nodes", maxNodes)},
		program{path: "/sbin/o2cb", args: []string{"list-nodes", "--oneline", rig.Name}, prints: nodeName(maxNodes - 1)})
}

// compareRegister PROGRAM compares what our o2cb and Debian's take to register a
// cluster with all its nodes.
func compareRegister(args []string) (times, error) {
	if err := os.WriteFile(rig.ConfigPath, []byte(config(maxNodes)), 0o644); err != nil {
		return nil, err
	}
	register := func(path string) func() error {
		return program{path: path, args: []string{"register-cluster", rig.Name}}.run
	}
	registered := func() error { return errors.Join(wantNodes(maxNodes), removeCluster()) }
	return compare(clusterRounds,
		way{name: ours, do: register(args[0]), after: registered},
		way{name: inC, do: register("/sbin/o2cb"), after: registered},
		way{name: raw, do: registerRaw, after: registered})
}

// registerRaw makes a cluster with all its nodes as a program would that does
// nothing else: no file to read, nothing to check or to read back.
func registerRaw() error {
	cluster := filepath.Join(tree, rig.Name)
	if err := unix.Mkdir(cluster, 0o755); err != nil {
		return fmt.Errorf("mkdir %s: %w", cluster, err)
	}
	for i := range maxNodes {
		node := filepath.Join(cluster, "node", nodeName(i))
		if err := unix.Mkdir(node, 0o755); err != nil {
			return fmt.Errorf("mkdir %s: %w", node, err)
		}
		values := [][2]string{{"ipv4_port", "7777"}, {"ipv4_address", nodeAddress(i)}, {"num", strconv.Itoa(i)}}
		if i == 0 {
			values = append(values, [2]string{"local", "1"})
		}
		for _, v := range values {
			if err := writeRaw(node+"/"+v[0], v[1]); err != nil {
				return fmt.Errorf("write %s: %w", v[0], err)
			}
		}
	}
	return nil
}

func writeRaw(path, value string) error {
	fd, err := unix.Open(path, unix.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = unix.Write(fd, []byte(value))
	return errors.Join(err, unix.Close(fd))
}

// wantNodes looks whether the kernel has that many nodes.
func wantNodes(want int) error {
	nodes, err := os.ReadDir(filepath.Join(tree, rig.Name, "node"))
	if err == nil && len(nodes) != want {
		err = fmt.Errorf("the kernel has %d nodes, not %d", len(nodes), want)
	}
	return err
}

// removeCluster removes the kernel's cluster.
func removeCluster() error {
	cluster := filepath.Join(tree, rig.Name)
	nodes, err := os.ReadDir(filepath.Join(cluster, "node"))
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if err := unix.Rmdir(filepath.Join(cluster, "node", n.Name())); err != nil {
			return err
		}
	}
	return unix.Rmdir(cluster)
}

// compareInfo PROGRAM registered|configured compares the listing of all nodes.
func compareInfo(args []string) (_ times, err error) {
	if err := os.WriteFile(rig.ConfigPath, []byte(config(maxNodes)), 0o644); err != nil {
		return nil, err
	}
	if args[1] == "registered" {
		if err := registerRaw(); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, removeCluster()) }()
	}
	list := []string{"-I", "-t", "node", "-o"}
	return comparePrograms(
		program{path: args[0], args: list, prints: nodeName(maxNodes-1) + ":"},
		program{path: "/sbin/o2cb_ctl", args: list, prints: nodeName(maxNodes-1) + ":"})
}

// compareAdd PROGRAM compares the adding of one node to a file and a running
// cluster that have all others.
func compareAdd(args []string) (_ times, err error) {
	if err := registerRaw(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, removeCluster()) }()
	const last = maxNodes - 1
	without := func() error {
		return errors.Join(unix.Rmdir(filepath.Join(tree, rig.Name, "node", nodeName(last))),
			os.WriteFile(rig.ConfigPath, []byte(config(last)), 0o644))
	}
	if err := without(); err != nil {
		return nil, err
	}
	add := func(path string) func() error {
		return program{path: path, args: []string{"-C", "-i", "-n", nodeName(last), "-t", "node", "-a", "cluster=" + rig.Name,
			"-a", "ip_address=" + nodeAddress(last), "-a", "ip_port=7777", "-a", "number=" + strconv.Itoa(last)}}.run
	}
	added := func() error { return errors.Join(wantNodes(maxNodes), without()) }
	return compare(programRounds,
		way{name: ours, do: add(args[0]), after: added},
		way{name: inC, do: add("/sbin/o2cb_ctl"), after: added})
}
