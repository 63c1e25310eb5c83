// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// accessList is the attribute with the access control list. acl(5).
const accessList = "system.posix_acl_access"

func TestEditKeepsExtendedAttributes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.conf")
	writeFile(t, path, web, 0o600)
	if err := unix.Setxattr(path, "user.note", []byte("kept"), 0); err != nil {
		t.Fatalf("this file system has no extended attributes, set TMPDIR to one that has: %v", err)
	}
	if err := Edit(t.Context(), path, addTwo); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 16)
	if n, err := unix.Getxattr(path, "user.note", buf); err != nil || string(buf[:n]) != "kept" {
		t.Errorf("attribute user.note: %q, %v", buf[:max(n, 0)], err)
	}
}

// TestEditAddsNoAccessList saves in a directory that gives new files an access control list.
func TestEditAddsNoAccessList(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cluster.conf")
	writeFile(t, path, web, 0o640)
	if err := unix.Setxattr(dir, "system.posix_acl_default", accessListOf(12345), 0); err != nil {
		t.Fatalf("this file system has no access control lists, set TMPDIR to one that has: %v", err)
	}
	if err := Edit(t.Context(), path, addTwo); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, webAndTwo, 0o640)
	if n, err := unix.Getxattr(path, accessList, make([]byte, 256)); !errors.Is(err, unix.ENODATA) {
		t.Errorf("the file got a list of %d bytes, %v", n, err)
	}
	// One that the file has stays, and not the directory's.
	own := accessListOf(54321)
	if err := unix.Setxattr(path, accessList, own, 0); err != nil {
		t.Fatal(err)
	}
	if err := Edit(t.Context(), path, func(f *File) error { return f.RemoveCluster("two") }); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 256)
	if n, err := unix.Getxattr(path, accessList, buf); err != nil || string(buf[:n]) != string(own) {
		t.Errorf("list %x, %v, want %x", buf[:max(n, 0)], err, own)
	}
}

// accessListOf is the list u::rw-,u:UID:rw-,g::r--,m::rw-,o::--- as the kernel
// takes it: struct posix_acl_xattr_header and its entries in include/uapi/linux/posix_acl_xattr.h.
func accessListOf(uid uint32) []byte {
	const nobody = math.MaxUint32
	list := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, permissions uint16
		id               uint32
	}{{0x01, 6, nobody}, {0x02, 6, uid}, {0x04, 4, nobody}, {0x10, 6, nobody}, {0x20, 0, nobody}} {
		list = binary.LittleEndian.AppendUint16(list, e.tag)
		list = binary.LittleEndian.AppendUint16(list, e.permissions)
		list = binary.LittleEndian.AppendUint32(list, e.id)
	}
	return list
}

func TestEditKeepsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.conf")
	writeFile(t, path, web, 0o604)
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = 12345, 23456
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	if err := Edit(t.Context(), path, addTwo); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if stat := info.Sys().(*syscall.Stat_t); int(stat.Uid) != uid || int(stat.Gid) != gid {
		t.Errorf("owner %d:%d, want %d:%d", stat.Uid, stat.Gid, uid, gid)
	}
	wantFile(t, path, webAndTwo, 0o604)
}

func TestStraysAreRemoved(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cluster.conf")
	writeFile(t, path, web, 0o600)
	for _, name := range []string{".cluster.conf.123.tmp", ".cluster.conf.9.tmp", ".cluster.conf.x.tmp", ".other.conf.1.tmp", "cluster.conf.1.tmp"} {
		writeFile(t, filepath.Join(dir, name), "x", 0o600)
	}
	if err := os.Mkdir(filepath.Join(dir, ".cluster.conf.7.tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Edit(t.Context(), path, addTwo); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, ".cluster.conf.7.tmp", ".cluster.conf.lock", ".cluster.conf.x.tmp", ".other.conf.1.tmp", "cluster.conf", "cluster.conf.1.tmp")
}
