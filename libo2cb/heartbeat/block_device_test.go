// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDevicePath(t *testing.T) {
	root := t.TempDir()
	put := func(path, text string) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Files with a number in them stand for nodes.
	number := func(path string) (string, error) {
		text, err := os.ReadFile(path)
		return string(text), err
	}
	device := func(entry, dev, uevent string) {
		put("sys/class/block/"+entry+"/dev", dev+"\n")
		put("sys/class/block/"+entry+"/uevent", uevent)
	}
	device("sda1", "8:1", "MAJOR=8\nMINOR=1\nDEVNAME=sda1\nDEVTYPE=partition\n")
	put("dev/sda1", "8:1")
	device("cciss!c0d0", "104:0", "DEVNAME=cciss/c0d0\n")
	put("dev/cciss/c0d0", "104:0")
	device("dm-0", "254:0", "")
	put("dev/block/254:0", "254:0")
	device("sdb", "8:16", "DEVNAME=../../etc/passwd\n")
	put("dev/sdb", "8:17") // another device
	device("sdc", "8:32", "DEVNAME=sdc\n")

	for name, want := range map[string]string{"sda1": "dev/sda1", "cciss/c0d0": "dev/cciss/c0d0", "dm-0": "dev/block/254:0"} {
		if got, err := devicePath(root, name, number); err != nil || got != filepath.Join(root, want) {
			t.Errorf("%s: %q, %v, want %s", name, got, err, want)
		}
	}
	for _, name := range []string{"sdb", "sdc", "sdz"} {
		if got, err := devicePath(root, name, number); !errors.Is(err, unix.ENOENT) {
			t.Errorf("%s: %q, %v, want ENOENT", name, got, err)
		}
	}
	for _, name := range []string{"", ".."} {
		if got, err := devicePath(root, name, number); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%q: %q, %v, want EINVAL", name, got, err)
		}
	}
	var typed *Error
	if got, err := DevicePath(root, "sda1"); !errors.As(err, &typed) || typed.Device != "sda1" {
		t.Errorf("a plain file is not a device: %q, %v", got, err)
	}
}
