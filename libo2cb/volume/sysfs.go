// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// blockDevice is what sysfs says of one block device.
//
// Documentation/ABI/stable/sysfs-block of the kernel.
type blockDevice struct {
	name      string // kernel's name, below /sys/class/block
	number    uint64 // device number as in st_rdev
	sectors   uint64 // size in 512-byte sectors; 0 without medium
	node      string // path below /dev that devtmpfs gives it
	dmName    string // device-mapper's name, if it is one
	suspended bool   // device-mapper: reads would wait until it is resumed
	parent    string // the whole disk, if this is a partition
	backing   string // loop: path of the file or device that it shows
	holders   []string
}

// machine is all block devices by kernel name.
type machine struct {
	root    string
	devices map[string]*blockDevice
	stat    func(path string) (rdev uint64, err error)
}

// list reads all block devices of the machine below root. Devices without a
// number are hidden ones (paths of NVMe multipath): nobody can open them.
func list(root string) (*machine, error) {
	dir := filepath.Join(root, "sys/class/block")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &Error{Op: "list block devices in", Path: dir, Block: NoBlock, Err: err}
	}
	m := &machine{root: root, devices: map[string]*blockDevice{}, stat: statBlock}
	for _, entry := range entries {
		if d, ok := describe(dir, entry.Name()); ok {
			m.devices[d.name] = d
		}
	}
	return m, nil
}

// shown returns the block device that a loop device shows, nil when d is none or
// shows a file.
func (m *machine) shown(d *blockDevice) *blockDevice {
	if d.backing == "" {
		return nil
	}
	number, err := m.stat(filepath.Join(m.root, d.backing))
	if err != nil {
		return nil
	}
	for _, below := range m.devices {
		if below.number == number {
			return below
		}
	}
	return nil
}

// describe reads the attributes of one device. They can vanish at any time, as
// the device can: what cannot be read is as if it were not there.
func describe(dir, name string) (*blockDevice, bool) {
	at := filepath.Join(dir, name)
	number, ok := parseNumber(attribute(at, "dev"))
	if !ok {
		return nil, false
	}
	d := &blockDevice{
		name:      name,
		number:    number,
		node:      devName(attribute(at, "uevent")),
		dmName:    attribute(at, "dm/name"),
		suspended: attribute(at, "dm/suspended") == "1",
		backing:   attribute(at, "loop/backing_file"),
	}
	d.sectors, _ = strconv.ParseUint(attribute(at, "size"), 10, 64)
	if holders, err := os.ReadDir(filepath.Join(at, "holders")); err == nil {
		for _, h := range holders {
			d.holders = append(d.holders, h.Name())
		}
	}
	if attribute(at, "partition") != "" {
		// The entry is a link to …/block/DISK/PARTITION.
		if target, err := os.Readlink(at); err == nil {
			d.parent = filepath.Base(filepath.Dir(target))
		}
	}
	return d, true
}

// attribute returns the trimmed content of a sysfs file, empty when unreadable.
func attribute(dir, name string) string {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// devName finds DEVNAME=… in a uevent file: the path below /dev.
func devName(uevent string) string {
	for line := range strings.Lines(uevent) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "DEVNAME="); ok && filepath.IsLocal(name) {
			return name
		}
	}
	return ""
}

// parseNumber reads "MAJOR:MINOR".
func parseNumber(s string) (uint64, bool) {
	major, minor, ok := strings.Cut(s, ":")
	if !ok {
		return 0, false
	}
	a, err1 := strconv.ParseUint(major, 10, 32)
	b, err2 := strconv.ParseUint(minor, 10, 32)
	return unix.Mkdev(uint32(a), uint32(b)), err1 == nil && err2 == nil
}

// path returns a node for d: device-mapper's name for people, else devtmpfs's,
// else whatever node below /dev has the number.
func (m *machine) path(d *blockDevice) (string, error) {
	dev := filepath.Join(m.root, "dev")
	var candidates []string
	if d.dmName != "" && filepath.IsLocal(d.dmName) {
		candidates = append(candidates, filepath.Join(dev, "mapper", d.dmName))
	}
	if d.node != "" {
		candidates = append(candidates, filepath.Join(dev, d.node))
	}
	for _, path := range candidates {
		if rdev, err := m.stat(path); err == nil && rdev == d.number {
			return path, nil
		}
	}
	return m.search(dev, d)
}

// search walks dev for a node with the number of d.
func (m *machine) search(dev string, d *blockDevice) (string, error) {
	var found string
	err := filepath.WalkDir(dev, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // an unreadable corner of /dev hides nothing that can be opened
		case entry.IsDir():
			return nil
		}
		if rdev, err := m.stat(path); err == nil && rdev == d.number {
			found = path
			return filepath.SkipAll
		}
		return nil
	})
	if err == nil && found == "" {
		err = unix.ENOENT
	}
	if err != nil {
		return "", &Error{Op: "find a node for", Path: d.name, Block: NoBlock, Found: "none below " + dev, Err: err}
	}
	return found, nil
}

// statBlock returns the device number of a block device node.
func statBlock(path string) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFBLK {
		return 0, unix.ENOTBLK
	}
	return uint64(st.Rdev), nil
}

// above returns all devices that are built on d or on its whole disk, the
// nearest first: multipath on its paths, RAID on its members, their partitions.
func (m *machine) above(d *blockDevice) []*blockDevice {
	var found []*blockDevice
	seen := map[string]bool{d.name: true}
	add := func(names []string) {
		for _, name := range names {
			if up := m.devices[name]; up != nil && !seen[name] {
				seen[name] = true
				found = append(found, up)
			}
		}
	}
	add(d.holders)
	if whole := m.devices[d.parent]; whole != nil {
		add(whole.holders)
	}
	for i := 0; i < len(found); i++ {
		add(found[i].holders)
		add(m.partitions(found[i].name))
	}
	return found
}

func (m *machine) partitions(name string) []string {
	var parts []string
	for _, d := range m.devices {
		if d.parent == name {
			parts = append(parts, d.name)
		}
	}
	slices.Sort(parts)
	return parts
}

// readable returns the devices that a volume can be on, in order of their names.
func (m *machine) readable() []*blockDevice {
	var devices []*blockDevice
	for _, d := range m.devices {
		if d.sectors > 0 {
			devices = append(devices, d)
		}
	}
	slices.SortFunc(devices, func(a, b *blockDevice) int { return strings.Compare(a.name, b.name) })
	return devices
}

// noMedium tells an empty drive from a failing one.
func noMedium(err error) bool {
	return errors.Is(err, unix.ENOMEDIUM) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV)
}
