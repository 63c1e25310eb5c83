// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
)

// uml runs nodes as User Mode Linux (Documentation/virt/uml/user_mode_linux_howto_v2.rst).
type uml struct {
	packages packages
	kernel   string // path of linux.uml
	tree     string // directory of its modules
	load     []string
	ptrace   string // library that it is started with
}

// newUML finds the kernel and its modules.
func newUML(p packages) (*uml, error) {
	kernel, err := p.program("linux.uml")
	if err != nil {
		return nil, err
	}
	out, err := exec.Command(kernel, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", kernel, err)
	}
	release := strings.TrimSpace(string(out))
	trees := p.glob(filepath.Join("usr/lib/uml/modules", release))
	if len(trees) == 0 {
		return nil, fmt.Errorf("modules of the User Mode Linux kernel %s are not there: %s", release, mend)
	}
	load, err := moduleFiles(trees[0], "overlay")
	if err != nil {
		return nil, err
	}
	ptrace, err := buildPtrace(p)
	if err != nil {
		return nil, err
	}
	return &uml{packages: p, kernel: kernel, tree: trees[0], load: load, ptrace: ptrace}, nil
}

// buildPtrace compiles the library without which User Mode Linux does not start
// where the processor has more registers than it knows; see xstate/ptrace.c.
func buildPtrace(p packages) (string, error) {
	repository, err := findRepository()
	if err != nil {
		return "", err
	}
	dir, err := cacheDir(repository)
	if err != nil {
		return "", err
	}
	tests := filepath.Join(repository, "tests")
	key, err := sourceKey(tests, "lab/xstate/*.c")
	if err != nil {
		return "", err
	}
	return buildOnce(filepath.Join(dir, "ptrace-"+key+".so"), func(file string) error {
		tcc, err := p.program("tcc")
		if err != nil {
			return err
		}
		cmd := exec.Command(tcc, "-shared", "-nostdlib", "-o", file, "lab/xstate/ptrace.c")
		cmd.Dir, cmd.Env = tests, p.env(tcc)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", cmd, err, out)
		}
		return nil
	})
}

func (u *uml) program(h hardware) program {
	args := []string{
		// A guest that resets starts its own program again, by this name. It has no
		// slash and is not in PATH, so the reset fails and the guest ends instead.
		h.name,
		fmt.Sprintf("mem=%dM", h.memory>>20),
		"initrd=" + h.initramfs, "rdinit=/init", "quiet", "panic=-1",
		"con=null", "con0=null,fd:1",
		"ssl=null", fmt.Sprintf("ssl0=fd:%d", controlFD),
		fmt.Sprintf("vec0:transport=fd,fd=%d,depth=64,gro=0,mac=%s", networkFD, h.mac),
		"umid=" + h.name, "uml_dir=" + h.dir + "/",
	}
	for i, file := range h.disks {
		// c: other guests have it open too; s: a write is on the disk when it returns.
		args = append(args, fmt.Sprintf("ubd%dcs=%s", i, file))
	}
	if h.root != "" {
		args = append(args, fmt.Sprintf("ubd%d=%s", len(h.disks), h.root))
	}
	return program{path: u.kernel, args: args, env: []string{"LD_PRELOAD=" + u.ptrace}, alone: true}
}

func (u *uml) describe(b *wire.Boot) {
	b.Interface = "vec0"
	b.Channel = "/dev/ttyS0"
	b.ModuleTree = u.packages.guestPath(u.tree)
	b.Host = wire.Source{Type: "hostfs", Tag: "none", Options: "/"}
	if u.packages.dir != "" {
		b.Packages = &wire.Source{Type: "hostfs", Tag: "none", Options: u.packages.dir}
	}
}

func (u *uml) modules() []string { return u.load }

// inFlight keeps the serial line below 4096 unread bytes (N_TTY_BUF_SIZE in
// drivers/tty/n_tty.c). There its terminal is throttled and never reads again:
// line_throttle in arch/um/drivers/line.c takes the descriptor out of the
// interrupts, and line_unthrottle does not put it back. Seen with 6.1.
func (u *uml) inFlight() int { return 3584 }

// freshFiles: hostfs forgets a file when it is closed (hostfs_drop_inode and
// hostfs_dentry_ops in fs/hostfs/hostfs_kern.c).
func (u *uml) freshFiles() bool { return true }

func (u *uml) starts() int { return 1 }

func (u *uml) disk(i int) string { return "/dev/ubd" + string(rune('a'+i)) }
