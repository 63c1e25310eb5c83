// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Cluster is a number of nodes with a network between them and disks that they
// share. Its methods may be called from any goroutine.
type Cluster struct {
	tb        TB
	config    *config
	packages  packages
	machine   machine
	agent     string // path of the program that is process 1 of a guest
	dir       string // of this process, for sockets and initramfs; short, for socket names
	memoryDir string
	consoles  string
	disks     []string // shared by all nodes
	roots     []string // one for each node, with KeepRoot
	network   *network
	nodes     []*Node
}

// Start boots a cluster, its nodes side by side, and returns when all of them can
// run commands. The test fails if something is missing on this machine (the message
// has the command that gets it) or a node does not come up. At the end of the test
// every guest is killed; if the test has failed by then, the consoles are kept and
// their paths logged.
func Start(tb TB, options ...Option) *Cluster {
	tb.Helper()
	c, err := newCluster(tb, options)
	if err != nil {
		tb.Fatalf("lab: %v", err)
	}
	tb.Cleanup(c.close)
	began := time.Now()
	if err := c.bootAll(); err != nil {
		tb.Fatalf("lab: %v", err)
	}
	tb.Logf("lab: %d nodes, Linux %s, up in %v", len(c.nodes), c.Kernel(), time.Since(began).Round(time.Millisecond))
	return c
}

func newCluster(tb TB, options []Option) (*Cluster, error) {
	conf, err := newConfig(options)
	if err != nil {
		return nil, err
	}
	c := &Cluster{tb: tb, config: conf, network: newNetwork(conf.nodes)}
	if c.packages, err = findPackages(); err != nil {
		return nil, err
	}
	if c.machine, err = newMachine(c.packages, conf); err != nil {
		return nil, err
	}
	if c.agent, err = buildAgent(); err != nil {
		return nil, err
	}
	if c.disks, err = makeDisks(tb.TempDir(), conf.disks); err != nil {
		return nil, err
	}
	if c.roots, err = c.makeRoots(tb.TempDir()); err != nil {
		return nil, err
	}
	if c.consoles, err = consoleDir(tb.Name()); err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp("", "o2cb-lab-"); err != nil {
		return nil, err
	}
	c.memoryDir = memoryDir(conf.memory * int64(conf.nodes))
	for i := range conf.nodes {
		name := fmt.Sprintf("node%d", i)
		c.nodes = append(c.nodes, &Node{
			cluster: c, index: i, name: name, console: filepath.Join(c.consoles, name+".console"),
		})
	}
	return c, nil
}

func newMachine(p packages, conf *config) (machine, error) {
	if conf.qemu {
		return newQEMU(p, conf)
	}
	return newUML(p)
}

// makeDisks makes sparse files.
func makeDisks(dir string, specs []diskSpec) ([]string, error) {
	var files []string
	for i, spec := range specs {
		file := filepath.Join(dir, fmt.Sprintf("disk%d-%s", i, filepath.Base(spec.name)))
		f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, fmt.Errorf("make disk %q: %w", spec.name, err)
		}
		defer f.Close()
		if err := f.Truncate(spec.size); err != nil {
			return nil, fmt.Errorf("make disk %q: %w", spec.name, err)
		}
		files = append(files, file)
	}
	return files, nil
}

// makeRoots makes the disks of KeepRoot, each with an empty file system.
func (c *Cluster) makeRoots(dir string) ([]string, error) {
	if c.config.rootSize == 0 {
		return nil, nil
	}
	var specs []diskSpec
	for i := range c.config.nodes {
		specs = append(specs, diskSpec{name: fmt.Sprintf("root%d", i), size: c.config.rootSize})
	}
	files, err := makeDisks(dir, specs)
	if err != nil {
		return nil, err
	}
	mkfs, err := c.packages.program("mkfs.ext4")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		cmd := exec.Command(mkfs, "-q", "-F", file)
		cmd.Env = c.packages.env(mkfs)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", cmd, err, out)
		}
	}
	return files, nil
}

func (c *Cluster) bootAll() error {
	errs := make([]error, len(c.nodes))
	var wait sync.WaitGroup
	for i, n := range c.nodes {
		wait.Go(func() { errs[i] = n.boot(nil) })
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err // the others most likely failed alike
		}
	}
	return nil
}

// close ends everything that Start began.
func (c *Cluster) close() {
	for _, n := range c.nodes {
		n.mu.Lock()
		g := n.guest
		n.closed = true
		n.mu.Unlock()
		if g != nil {
			g.session.expectEnd()
			g.kill()
		}
	}
	for _, n := range c.nodes {
		<-n.Off()
	}
	c.network.close()
	if err := os.RemoveAll(c.dir); err != nil {
		c.tb.Errorf("lab: %v", err)
	}
	if c.tb.Failed() {
		for _, n := range c.nodes {
			c.tb.Logf("lab: console of %s: %s", n.name, n.console)
		}
		return
	}
	if err := os.RemoveAll(c.consoles); err != nil {
		c.tb.Errorf("lab: %v", err)
	}
}

// Node returns node i, counted from 0.
func (c *Cluster) Node(i int) *Node { return c.nodes[i] }

// Nodes returns all nodes.
func (c *Cluster) Nodes() []*Node { return append([]*Node(nil), c.nodes...) }

// Kernel returns the release of the guests' kernel, as uname -r says it.
func (c *Cluster) Kernel() string {
	n := c.nodes[0]
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.release
}

// Disk returns the device of the disk that option Disk number i made, in a guest.
func (c *Cluster) Disk(i int) string {
	if i < 0 || i >= len(c.disks) {
		c.tb.Fatalf("lab: no disk %d: there are %d", i, len(c.disks))
	}
	return c.machine.disk(i)
}

// DiskFile returns the file on the host that is disk i. Writing to it is a fault
// like any other: the guests cache what they have read.
func (c *Cluster) DiskFile(i int) string {
	if i < 0 || i >= len(c.disks) {
		c.tb.Fatalf("lab: no disk %d: there are %d", i, len(c.disks))
	}
	return c.disks[i]
}
