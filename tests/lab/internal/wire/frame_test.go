// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestFrames(t *testing.T) {
	var stream bytes.Buffer
	w := NewWriter(&stream)
	sent := []Frame{
		{Kind: Hello, Payload: []byte("6.1")},
		{Kind: Stdin, ID: 1<<32 - 1, Payload: []byte{}},
		{Kind: Stdout, ID: 7, Payload: bytes.Repeat([]byte{0xff}, Chunk)},
	}
	for _, f := range sent {
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	whole := bytes.Clone(stream.Bytes())
	r := NewReader(&stream)
	for i, want := range sent {
		got, err := r.Read()
		if err != nil || got.Kind != want.Kind || got.ID != want.ID || !bytes.Equal(got.Payload, want.Payload) {
			t.Errorf("frame %d: got %v, %v", i, got, err)
		}
	}
	if _, err := r.Read(); err != io.EOF {
		t.Errorf("after the last: got error %v, want io.EOF", err)
	}
	for _, size := range []int{3, headerSize, headerSize + 1} {
		if _, err := NewReader(bytes.NewReader(whole[:size])).Read(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes of a frame: got error %v, want io.ErrUnexpectedEOF", size, err)
		}
	}
}

func TestBadFrames(t *testing.T) {
	if err := NewWriter(io.Discard).Write(Frame{Kind: Stdin, Payload: make([]byte, maxPayload+1)}); err == nil {
		t.Error("a frame over the limit was sent")
	}
	for name, data := range map[string]string{
		"length": "\xff\x00\x00\x00\x01\x00\x00\x00\x00",
		"kind 0": "\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"text":   "login: root\n",
	} {
		if f, err := NewReader(bytes.NewReader([]byte(data))).Read(); err == nil {
			t.Errorf("%s: got frame %v", name, f)
		}
	}
}
