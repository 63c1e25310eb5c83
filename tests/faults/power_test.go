// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
	"golang.org/x/sys/unix"
)

// edits are the commands whose disk loses its power, in their order. {} is where
// the programs are.
func edits() []string {
	return []string{
		"{}/o2cb add-cluster web",
		"{}/o2cb add-node web a --ip 10.9.0.1 --number 0",
		"chmod 640 cluster.conf; chown 12:34 cluster.conf; sync",
		"{}/o2cb_ctl -C -n b -t node -a cluster=web -a number=1 -a ip_address=10.9.0.2 -a ip_port=7777",
		"{}/o2cb_ctl -H -n b -t node -a ip_port=7778",
		"{}/o2cb_ctl fmt -w",
		"{}/o2cb remove-node web a",
	}
}

// carelessEdits do what an editor does that forgets fsync(2) of the file.
func carelessEdits() []string {
	return []string{
		"{}/o2cb add-cluster web",
		"echo '# by hand' | cat cluster.conf - > new; mv new cluster.conf; sync .",
	}
}

// survived is what the role power found.
type survived struct {
	Images int      // disks that were looked at
	Old    int      // of these, with the file of before the edit under way
	New    int      // and with the new one before the edit had returned
	Strays int      // with a temporary file
	Faults []string // what was not as it should be
}

// power makes edits on a file system whose writes are logged, and looks at the
// disk as it is after a loss of power at each write.
func power(args []string) int {
	commands := edits()
	if args[1] == "careless" {
		commands = carelessEdits()
	}
	p := &powerCut{programs: args[0]}
	err := p.run(commands)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(p.found); err != nil {
		return 1
	}
	return 0
}

const (
	etc      = "/etc/ocfs2"
	mirror   = "/root/mirror"
	backing  = "/root/image"
	dataDisk = "/dev/ubda"
	logDisk  = "/dev/ubdb"
	mounting = "data=writeback,noauto_da_alloc" // no help from the file system
)

// powerCut is one run of the role.
type powerCut struct {
	programs string
	loop     string
	states   []string // what the directory held after each edit, the first: before all
	found    survived
}

func shell(script string) error {
	if output, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", script, err, output)
	}
	return nil
}

func (p *powerCut) run(commands []string) error {
	base, log, err := p.record(commands)
	if err != nil {
		return err
	}
	output, err := exec.Command("sh", "-ec", fmt.Sprintf("truncate -s %d %s; mkdir -p %s; losetup -f --show %[2]s", len(base), backing, mirror)).Output()
	if err != nil {
		return fmt.Errorf("loop device: %w", err)
	}
	p.loop = strings.TrimSpace(string(output))
	return crashes(base, log, p.check)
}

// record makes the edits and returns the disk before them and the log.
func (p *powerCut) record(commands []string) (base image, log []written, err error) {
	if err := shell(fmt.Sprintf(`modprobe dm-log-writes; modprobe loop
		mkfs.ext4 -q -F -b 1024 -J size=1 -m 0 -E nodiscard,lazy_itable_init=0 %s; mkdir -p %s
		dmsetup create logged --noudevsync --table "0 $(blockdev --getsz %[1]s) log-writes %[1]s %[3]s"`, dataDisk, etc, logDisk)); err != nil {
		return nil, nil, err
	}
	if base, err = os.ReadFile(dataDisk); err != nil {
		return nil, nil, err
	}
	if err := unix.Mount("/dev/dm-0", etc, "ext4", 0, mounting); err != nil {
		return nil, nil, fmt.Errorf("mount: %w", err)
	}
	p.states = append(p.states, state(etc))
	for _, command := range commands {
		if err := shell("cd " + etc + "; " + strings.ReplaceAll(command, "{}", p.programs)); err != nil {
			return nil, nil, err
		}
		if err := shell("dmsetup message logged 0 mark done"); err != nil {
			return nil, nil, err
		}
		p.states = append(p.states, state(etc))
	}
	if err := errors.Join(unix.Unmount(etc, 0), shell("dmsetup remove --noudevsync logged")); err != nil {
		return nil, nil, err
	}
	log, err = readLog(logDisk)
	return base, log, err
}

// state is the file with what belongs to it.
func state(dir string) string {
	path := filepath.Join(dir, "cluster.conf")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "no file"
	}
	if err != nil {
		return err.Error()
	}
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	stat := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%v %d:%d\n%s", info.Mode(), stat.Uid, stat.Gid, text)
}

// check looks at one disk. After done edits it has what they left, or what the
// next one leaves.
func (p *powerCut) check(disk image, done int, where string) error {
	if err := p.insert(disk); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	p.found.Images++
	switch now := state(mirror); {
	case now == p.states[done]:
		p.found.Old++
	case done+1 < len(p.states) && now == p.states[done+1]:
		p.found.New++
	default:
		p.found.Faults = append(p.found.Faults, fmt.Sprintf("%s, %d edits done: %q", where, done, now))
	}
	return errors.Join(p.clear(where), unix.Unmount(mirror, 0))
}

// insert mounts a disk.
func (p *powerCut) insert(disk image) error {
	if err := os.WriteFile(backing, disk, 0o600); err != nil {
		return err
	}
	f, err := os.OpenFile(p.loop, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.BLKFLSBUF, 0)
	if err := f.Close(); errno != 0 || err != nil {
		return errors.Join(errno, err)
	}
	return unix.Mount(p.loop, mirror, "ext4", 0, mounting)
}

// clear lets the next edit clear away what was left.
func (p *powerCut) clear(where string) error {
	strays, err := filepath.Glob(mirror + "/.cluster.conf.*.tmp")
	if err != nil || len(strays) == 0 {
		return err
	}
	p.found.Strays++
	const often = 5 // to see that they go
	if p.found.Strays > often {
		return nil
	}
	if err := shell(p.programs + "/o2cb --config-file=" + mirror + "/cluster.conf add-cluster other"); err != nil {
		return err
	}
	left, err := os.ReadDir(mirror)
	for _, entry := range left {
		if strings.HasSuffix(entry.Name(), ".tmp") {
			p.found.Faults = append(p.found.Faults, where+": "+entry.Name()+" stays")
		}
	}
	return err
}

// TestPowerLoss makes edits on a disk and looks at it as it is after a loss of
// power at each of its writes, with those that were not flushed there in part: it
// has the old file or the new one, whole, and the new one once the command has
// returned. That such a disk shows a mistake is seen with an editor that makes one.
func TestPowerLoss(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2), lab.Disk("data", "4M"), lab.Disk("log", "64M"), lab.RunLimit(10*time.Minute))
	programs := filepath.Dir(rig.Tool(t, "o2cb"))
	var v, careless survived
	run := func(n *lab.Node, v *survived, args ...string) {
		t.Helper()
		r := n.RunSelf("power", args...)
		if r.Status != 0 || json.NewDecoder(bytes.NewBufferString(r.Stdout)).Decode(v) != nil {
			t.Fatalf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
		}
	}
	run(c.Node(0), &v, programs, "edits")
	t.Logf("%d disks: %d with the file of before, %d with the new one before its command returned, %d with a temporary file", v.Images, v.Old, v.New, v.Strays)
	for _, fault := range v.Faults {
		t.Error(fault)
	}
	if v.Images < 20*len(edits()) || v.New < len(edits())-1 || v.Strays == 0 {
		t.Errorf("these are not the disks of %d edits: %+v", len(edits()), v)
	}
	run(c.Node(1), &careless, programs, "careless")
	if len(careless.Faults) == 0 {
		t.Errorf("an edit without fsync survives all: %+v", careless)
	}
	t.Logf("an edit without fsync: %d of %d disks are broken", len(careless.Faults), careless.Images)
}
