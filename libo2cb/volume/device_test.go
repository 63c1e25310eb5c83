// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// writeFile makes a file in a new folder.
func writeFile(tb testing.TB, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "image")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestOpen(t *testing.T) {
	path := writeFile(t, image(t, "metaecc-512"))
	v, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want := fixtures()["metaecc-512"]
	want.Device = path
	if *v != want {
		t.Errorf("got  %+v\nwant %+v", *v, want)
	}
}

func TestOpenRefused(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		filepath.Join(dir, "absent"): unix.ENOENT,
		dir:                          unix.ENOTBLK,
		fifo:                         unix.ENOTBLK,
		"/dev/null":                  unix.ENOTBLK,
		"/proc/version":              ErrNotOCFS2,
		writeFile(t, nil):            ErrNotOCFS2,
	} {
		_, err := Open(path)
		if !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("open %s: error %v, want %v and the path", path, err, want)
		}
	}
}

func TestReadFile(t *testing.T) {
	f, err := os.Open(writeFile(t, image(t, "metaecc-512")))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ReadFile(f)
	if err != nil {
		t.Fatal(err)
	}
	want := fixtures()["metaecc-512"]
	want.Device = f.Name()
	if *v != want {
		t.Errorf("got  %+v\nwant %+v", *v, want)
	}
	f.Close()
	if _, err := ReadFile(f); err == nil || !strings.Contains(err.Error(), f.Name()) {
		t.Errorf("closed file: error %v", err)
	}
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if _, err := ReadFile(null); !errors.Is(err, unix.ENOTBLK) {
		t.Errorf("/dev/null: error %v, want ENOTBLK", err)
	}
}

func TestDeviceReadAt(t *testing.T) {
	data := make([]byte, 16<<10)
	for i := range data {
		data[i] = byte(i ^ i>>8)
	}
	for _, sector := range []int{512, 4096} {
		for _, direct := range []bool{false, true} {
			f, err := os.Open(writeFile(t, data))
			if err != nil {
				t.Fatal(err)
			}
			d := &Device{file: f, sectorSize: sector, direct: direct}
			if got := d.SectorSize(); got != sector {
				t.Errorf("sector size %d, want %d", got, sector)
			}
			for _, at := range []int64{0, 1, 511, 512, 4095, 8191, 16<<10 - 7} {
				for _, length := range []int{0, 1, 7, 512, 4097} {
					p := make([]byte, length)
					n, err := d.ReadAt(p, at)
					want := data[at:min(at+int64(length), int64(len(data)))]
					if !bytes.Equal(p[:n], want) {
						t.Errorf("sector %d, direct %t: %d bytes at %d differ", sector, direct, length, at)
					}
					if short := len(want) < length; short && !errors.Is(err, io.EOF) || !short && err != nil {
						t.Errorf("sector %d, direct %t: %d bytes at %d: error %v", sector, direct, length, at, err)
					}
				}
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
