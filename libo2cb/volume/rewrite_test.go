// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRewrite(t *testing.T) {
	data := image(t, "heartbeat-512")
	path := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v, err := ReadFile(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []int{0, 7, 254} {
		if err := Rewrite(f, v.Area, number); err != nil {
			t.Errorf("node %d: %v", number, err)
		}
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, data) {
		t.Errorf("the disk has changed (%v)", err)
	}
	if err := f.Truncate(int64(v.Area.StartBlock+7) * int64(v.Area.BlockBytes)); err != nil {
		t.Fatal(err)
	}
	if err := Rewrite(f, v.Area, 7); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("beyond the end: %v", err)
	}
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	var typed *Error
	if err := Rewrite(readOnly, v.Area, 0); !errors.Is(err, unix.EBADF) || !errors.As(err, &typed) || typed.Path != path {
		t.Errorf("a disk that cannot be written: %v", err)
	}
}
