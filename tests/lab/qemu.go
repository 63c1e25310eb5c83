// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
	"golang.org/x/sys/unix"
)

// qemuModules is what the agent needs of a stock kernel before it has a root:
// everything that User Mode Linux has built in. Modules that a kernel has built in
// are not among its modules and cost nothing here.
var qemuModules = []string{
	"virtio_pci", "virtio_console", "virtio_blk", "virtio_net", "9pnet_virtio", "9p", "overlay",
}

// qemuPort is the name of the virtio port of the control channel.
const qemuPort = "o2cb.lab"

// nineOptions are the mount options of 9p: large messages, and caching as for a
// disk, because nobody is to change what is below an overlay.
const nineOptions = "trans=virtio,version=9p2000.L,msize=512000,cache=loose"

// qemu runs nodes as the stock kernel in QEMU's software emulation.
type qemu struct {
	packages packages
	emulator string
	kernel   string
	tree     string
	load     []string
}

// newQEMU finds the emulator, the stock kernel and its modules.
func newQEMU(p packages, conf *config) (*qemu, error) {
	emulator, err := p.program("qemu-system-x86_64")
	if err != nil {
		return nil, err
	}
	kernels := p.glob("boot/vmlinuz-*-amd64")
	if len(kernels) == 0 {
		return nil, fmt.Errorf("no boot/vmlinuz-*-amd64: %s", mend)
	}
	kernel := kernels[0]
	release := strings.TrimPrefix(filepath.Base(kernel), "vmlinuz-")
	trees := p.glob(filepath.Join("lib/modules", release))
	if len(trees) == 0 {
		return nil, fmt.Errorf("modules of the kernel %s are not there: %s", release, mend)
	}
	if err := indexModules(p, trees[0], release); err != nil {
		return nil, err
	}
	wanted := qemuModules
	if conf.rootSize > 0 {
		wanted = append(slices.Clone(wanted), "crc32c_generic", "ext4") // ext4 asks for the former by its algorithm
	}
	load, err := moduleFiles(trees[0], wanted...)
	if err != nil {
		return nil, err
	}
	return &qemu{packages: p, emulator: emulator, kernel: kernel, tree: trees[0], load: load}, nil
}

// indexModules runs depmod over modules that were only unpacked: their package
// leaves that to its installation. Another process may be at it.
func indexModules(p packages, tree, release string) error {
	lock, err := os.Open(tree)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", tree, err)
	}
	// modprobe reads the binary index, which depmod writes after modules.dep.
	if _, err := os.Stat(filepath.Join(tree, "modules.dep.bin")); err == nil {
		return nil
	}
	depmod, err := p.program("depmod")
	if err != nil {
		return err
	}
	root := strings.TrimSuffix(tree, filepath.Join("/lib/modules", release))
	cmd := exec.Command(depmod, "-b", root+"/", release)
	cmd.Env = p.env(depmod)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd, err, out)
	}
	return nil
}

func (q *qemu) program(h hardware) program {
	args := []string{
		h.name,
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-accel", "tcg,thread=multi",
		"-m", fmt.Sprintf("%dM", h.memory>>20), "-smp", fmt.Sprint(h.processors),
		"-kernel", q.kernel, "-initrd", h.initramfs,
		// Mitigations protect nobody here and are slow to emulate.
		"-append", "console=ttyS0 quiet panic=-1 mitigations=off rdinit=/init",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-device", "virtio-serial-pci",
		"-chardev", fmt.Sprintf("socket,id=control,fd=%d", controlFD),
		"-device", "virtserialport,chardev=control,name=" + qemuPort,
		"-netdev", fmt.Sprintf("dgram,id=net,local.type=fd,local.str=%d", networkFD),
		"-device", "virtio-net-pci,netdev=net,romfile=,mac=" + h.mac,
	}
	args = append(args, nine("host", "/")...)
	if q.packages.dir != "" {
		args = append(args, nine("packages", q.packages.dir)...)
	}
	for i, file := range h.disks {
		// Other guests have the file open too. A write is in the host's cache, which
		// all of them share, when it returns.
		args = append(args,
			"-drive", fmt.Sprintf("if=none,id=disk%d,format=raw,cache=writethrough,file.locking=off,file=%s", i, escape(file)),
			"-device", fmt.Sprintf("virtio-blk-pci,drive=disk%d,share-rw=on", i))
	}
	if h.root != "" {
		args = append(args,
			"-drive", "if=none,id=root,format=raw,file="+escape(h.root),
			"-device", "virtio-blk-pci,drive=root")
	}
	if dir := filepath.Join(q.packages.dir, "usr/share"); q.packages.guestPath(q.emulator) != q.emulator {
		args = append(args, "-L", filepath.Join(dir, "qemu"), "-L", filepath.Join(dir, "seabios"))
	}
	return program{path: q.emulator, args: args}
}

// nine gives a directory of the host to the guest, read-only, under a tag.
func nine(tag, dir string) []string {
	return []string{
		"-fsdev", fmt.Sprintf("local,id=%s,path=%s,security_model=none,readonly=on,multidevs=remap", tag, escape(dir)),
		"-device", fmt.Sprintf("virtio-9p-pci,fsdev=%s,mount_tag=%s", tag, tag),
	}
}

// escape doubles the commas of a path, which else end an option of QEMU.
func escape(path string) string { return strings.ReplaceAll(path, ",", ",,") }

func (q *qemu) describe(b *wire.Boot) {
	b.Interface = "eth0"
	b.Channel = qemuPort
	b.ModuleTree = q.packages.guestPath(q.tree)
	b.Host = wire.Source{Type: "9p", Tag: "host", Options: nineOptions}
	if q.packages.dir != "" {
		b.Packages = &wire.Source{Type: "9p", Tag: "packages", Options: nineOptions}
	}
}

func (q *qemu) modules() []string { return q.load }

func (q *qemu) inFlight() int { return 256 << 10 }

// freshFiles: 9p keeps what it has read with the option cache=loose.
func (q *qemu) freshFiles() bool { return false }

// starts is more than one because a guest of several processors now and then gets
// nowhere, without a word on its console: about once in forty boots.
func (q *qemu) starts() int { return 3 }

func (q *qemu) disk(i int) string { return "/dev/vd" + string(rune('a'+i)) }
