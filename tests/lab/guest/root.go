// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
	"golang.org/x/sys/unix"
)

// Places in the initramfs.
const (
	hostDir     = "/host"     // the host's root, read-only
	packagesDir = "/packages" // unpacked packages, read-only
	scratchDir  = "/scratch"  // tmpfs: what the guest writes
	rootDir     = "/root"     // the guest's root to be
)

// mount is mount(2) that makes its target and says what it did when it fails.
func mount(source, target, kind string, flags uintptr, options string) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(source, target, kind, flags, options); err != nil {
		return fmt.Errorf("mount %s (%s, options %q) on %s: %w", source, kind, options, target, err)
	}
	return nil
}

// mountKernel mounts the kernel's own file systems below root. configfs and
// debugfs are left to the stack under test.
func mountKernel(root string) error {
	for _, m := range []struct{ kind, dir string }{
		{"proc", "proc"}, {"sysfs", "sys"}, {"devtmpfs", "dev"},
	} {
		err := mount(m.kind, filepath.Join(root, m.dir), m.kind, 0, "")
		// The kernel may have mounted devtmpfs itself (CONFIG_DEVTMPFS_MOUNT).
		if err != nil && !errors.Is(err, unix.EBUSY) {
			return err
		}
	}
	return nil
}

// buildRoot lays a tmpfs over the host's root and changes into it, so that the
// guest has the host's userland and nothing that it writes reaches the host.
// The kernel starts its helpers in the root of process 1: it must change too.
//
// The mount of the host's root stays behind in the initramfs, where no path
// leads. The returned descriptor is the only way to it. fresh says that nothing
// has been written to this root before.
func buildRoot(conf *wire.Boot) (host *os.File, fresh bool, err error) {
	if host, err = openHostRoot(conf); err != nil {
		return nil, false, err
	}
	if err := mountScratch(conf.Root); err != nil {
		return nil, false, err
	}
	fresh = !isDir(layer("root"))
	if err := layRoot(conf.Packages); err != nil {
		return nil, false, err
	}
	if err := furnish(conf); err != nil {
		return nil, false, err
	}
	return host, fresh, changeRoot(rootDir)
}

// openHostRoot mounts the host's root and returns a descriptor of it.
func openHostRoot(conf *wire.Boot) (*os.File, error) {
	if err := mount(conf.Host.Tag, hostDir, conf.Host.Type, unix.MS_RDONLY, conf.Host.Options); err != nil {
		return nil, err
	}
	return os.OpenFile(hostDir, unix.O_PATH|unix.O_DIRECTORY, 0)
}

// furnish puts into the new root what is the guest's own and lives in memory.
func furnish(conf *wire.Boot) error {
	if err := mountKernel(rootDir); err != nil {
		return err
	}
	for _, m := range []struct{ kind, dir, options string }{
		{"tmpfs", "tmp", "mode=1777"},
		{"tmpfs", "run", "mode=755"},
		{"tmpfs", "dev/shm", "mode=1777"},
		{"devpts", "dev/pts", "ptmxmode=666"},
	} {
		if err := mount(m.kind, filepath.Join(rootDir, m.dir), m.kind, 0, m.options); err != nil {
			return err
		}
	}
	// Without root's rights on the host its home is closed to us.
	if home := filepath.Join(rootDir, "root"); !readable(home) {
		if err := mount("tmpfs", home, "tmpfs", 0, "mode=700"); err != nil {
			return err
		}
	}
	if err := showRepository(conf.Repository); err != nil {
		return err
	}
	// What udev would add to the kernel's own devices.
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2",
	} {
		if err := os.Symlink(target, filepath.Join(rootDir, "dev", name)); err != nil {
			return err
		}
	}
	// Where /run/lock and friends are expected (/var/lock points there).
	return os.MkdirAll(filepath.Join(rootDir, "run/lock"), 0o1777)
}

// mountScratch mounts what holds the writable layers: memory, or a disk, which
// still has them at the next boot.
func mountScratch(device string) error {
	if device == "" {
		return mount("scratch", scratchDir, "tmpfs", 0, "mode=755,size=75%")
	}
	if _, err := awaitFile("disk "+device, func() string { return existing(device) }); err != nil {
		return err
	}
	return mount(device, scratchDir, "ext4", 0, "")
}

func existing(path string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// layRoot mounts the overlay. A package made before the /usr merge brings
// directories (lib/modules) that are symlinks on the host: in an overlay the
// directory would hide the symlink and with it the C library. Those symlinks are
// put in the topmost layer, and what the packages have there is laid over /usr.
func layRoot(packages *wire.Source) error {
	if packages == nil {
		return overlay("root", rootDir, hostDir)
	}
	if err := mount(packages.Tag, packagesDir, packages.Type, unix.MS_RDONLY, packages.Options); err != nil {
		return err
	}
	upper := layer("root")
	var merged []string
	for _, dir := range []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"} {
		target, err := os.Readlink(filepath.Join(hostDir, dir))
		if err != nil {
			continue // not a symlink on this host: the layers merge as they are
		}
		info, err := os.Lstat(filepath.Join(packagesDir, dir))
		if err != nil || !info.IsDir() {
			continue
		}
		if err := os.MkdirAll(upper, 0o755); err != nil {
			return err
		}
		if err := os.Symlink(target, filepath.Join(upper, dir)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		merged = append(merged, dir)
	}
	if err := overlay("root", rootDir, packagesDir, hostDir); err != nil {
		return err
	}
	for _, dir := range merged {
		lower := []string{filepath.Join(packagesDir, dir)}
		for _, top := range []string{packagesDir, hostDir} {
			if at := filepath.Join(top, "usr", dir); isDir(at) {
				lower = append(lower, at)
			}
		}
		if err := overlay("usr-"+dir, filepath.Join(rootDir, "usr", dir), lower...); err != nil {
			return err
		}
	}
	return nil
}

// showRepository lays the repository, where the programs under test are built,
// over a directory of the guest's own that hides it: a clone may lie in /tmp.
func showRepository(dir string) error {
	if isDir(filepath.Join(rootDir, dir)) {
		return nil
	}
	return overlay("repository", filepath.Join(rootDir, dir), filepath.Join(hostDir, dir))
}

func readable(dir string) bool {
	_, err := os.ReadDir(dir)
	return err == nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// layer is the writable directory of the overlay of that name.
func layer(name string) string { return filepath.Join(scratchDir, name, "upper") }

// overlay mounts lower, the topmost first, below a writable layer of its own.
func overlay(name, target string, lower ...string) error {
	work := filepath.Join(scratchDir, name, "work")
	for _, dir := range []string{layer(name), work} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return mount("lab", target, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s",
		strings.Join(lower, ":"), layer(name), work))
}

// changeRoot makes dir the root of this process and of the mount tree, as
// switch_root(8) does: an initramfs cannot be left with pivot_root(2).
func changeRoot(dir string) error {
	if err := os.Chdir(dir); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move %s to /: %w", dir, err)
	}
	if err := unix.Chroot("."); err != nil {
		return fmt.Errorf("change root to %s: %w", dir, err)
	}
	return os.Chdir("/")
}
