// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"bytes"
	"errors"
	"testing"
)

// A frame that any block parses to is the one that its bytes parse to, and a
// block with one bit changed has none.
func FuzzFrame(f *testing.F) {
	f.Add(make([]byte, blockSize))
	f.Add([]byte("written in C, without any frame"))
	for _, room := range []int{MaxValue, MaxValue / 3} {
		f.Add(frame{token: 42, room: room}.bytes())
		f.Add(frame{token: 1<<53 - 1, value: []byte{}, room: room}.bytes())
		f.Add(frame{token: 2, value: bytes.Repeat([]byte{0xff}, room), room: room}.bytes())
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		if len(block) > blockSize {
			block = block[:blockSize]
		}
		got, err := parseFrame(block)
		if err != nil {
			if got.value != nil || got.token != 0 || errors.Is(err, errBlank) == errors.Is(err, ErrForeignValue) {
				t.Fatalf("%v beside the error %v", got, err)
			}
			return
		}
		again, err := parseFrame(got.bytes())
		if err != nil || again.token != got.token || !bytes.Equal(again.value, got.value) || (again.value == nil) != (got.value == nil) {
			t.Fatalf("%+v comes back as %+v (%v)", got, again, err)
		}
		for i := range frameHeader + len(got.value) {
			broken := bytes.Clone(block)
			broken[i] ^= 1
			if f, err := parseFrame(broken); err == nil {
				t.Fatalf("with a bit of byte %d changed the block is %+v", i, f)
			}
		}
	})
}
