// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// sample is a record with another value in each field.
func sample() Record {
	return Record{
		Node: 3,
		Layout: Layout{Name: "web", Mode: cluster.GlobalHeartbeat, Nodes: Digest{1, 2, 3, 4, 5, 6}, Regions: Digest{7, 8, 9, 10, 11, 12},
			NodeCount: 4, RegionCount: 2},
		Timing: cluster.Timing{IdleTimeout: 30 * time.Second, KeepaliveDelay: 2 * time.Second, ReconnectDelay: 1500 * time.Millisecond,
			DeadThreshold: 31, FenceMethod: "panic"},
		File: Digest{0xa, 0xb, 0xc, 0xd, 0xe, 0xf},
	}
}

// The bytes are what other versions of the program read: they may not change
// without another version number.
func TestEncodedBytes(t *testing.T) {
	const want = "6f326370" + "01" + "03" + "02" + "02" + // magic, version, node, mode, fence method
		"00007530" + "000007d0" + "000005dc" + "0000001f" + // timing
		"010203040506" + "0708090a0b0c" + "0a0b0c0d0e0f" + "04" + "02" + // digests, counts
		"77656200000000000000000000000000" // name
	block := sample().Encode()
	if got := hex.EncodeToString(block[:atChecksum]); got != want {
		t.Errorf("encoded as\n%s, want\n%s", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	for name, change := range map[string]func(*Record){
		"as it is":           func(*Record) {},
		"local":              func(r *Record) { r.Layout.Mode = cluster.LocalHeartbeat },
		"long name":          func(r *Record) { r.Layout.Name = "sixteen-bytes-ab" },
		"old kernel":         func(r *Record) { r.Timing = cluster.Timing{} },
		"unknown method":     func(r *Record) { r.Timing.FenceMethod = "other" },
		"highest node":       func(r *Record) { r.Node = cluster.MaxNodeNumber },
		"no file":            func(r *Record) { r.File = Digest{} },
		"255 nodes":          func(r *Record) { r.Layout.NodeCount = 255 },
		"the longest timing": func(r *Record) { r.Timing.IdleTimeout = (1<<32 - 1) * time.Millisecond },
	} {
		r := sample()
		change(&r)
		block := r.Encode()
		if got, err := Decode(block[:]); err != nil || got != r {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, r)
		}
	}
}

func TestEncodeBounds(t *testing.T) {
	r := sample()
	r.Timing.IdleTimeout = 1000 * 24 * time.Hour
	r.Timing.FenceMethod = "water"
	r.Layout.NodeCount = 999
	block := r.Encode()
	got, err := Decode(block[:])
	if err != nil || got.Timing.IdleTimeout != (1<<32-1)*time.Millisecond || got.Timing.FenceMethod != "other" || got.Layout.NodeCount != 255 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := sample().Encode()
	changed := func(at int, value byte, sealed bool) []byte {
		b := good
		b[at] = value
		if sealed {
			seal(&b)
		}
		return b[:]
	}
	for name, tt := range map[string]struct {
		block []byte
		want  error
	}{
		"zeros":           {make([]byte, RecordSize), ErrEmpty},
		"nothing":         {nil, ErrEmpty},
		"a short one":     {good[:RecordSize-1], ErrForeign},
		"another program": {changed(0, 'x', true), ErrForeign},
		"a flipped bit":   {changed(atNodes, 0xff, false), ErrDamaged},
		"another version": {changed(atVersion, 2, true), ErrVersion},
		"no such mode":    {changed(atMode, 0, true), ErrDamaged},
		"mode too high":   {changed(atMode, 3, true), ErrDamaged},
		"no such fence":   {changed(atFence, 4, true), ErrDamaged},
		"node 255":        {changed(atNode, 255, true), ErrDamaged},
	} {
		if r, err := Decode(tt.block); !errors.Is(err, tt.want) || r != (Record{}) {
			t.Errorf("%s: %+v, %v, want %v", name, r, err, tt.want)
		}
	}
}

// FuzzDecode has whatever another program may leave in a value block: it is
// refused, or a record that encodes to the same one.
func FuzzDecode(f *testing.F) {
	block := sample().Encode()
	f.Add(block[:])
	f.Add(make([]byte, RecordSize))
	f.Fuzz(func(t *testing.T, data []byte) {
		try := func(data []byte) {
			r, err := Decode(data)
			if err != nil {
				return
			}
			again := r.Encode()
			if got, err := Decode(again[:]); err != nil || got != r {
				t.Errorf("%x: %+v became %+v, %v", data, r, got, err)
			}
		}
		try(data)
		if len(data) == RecordSize { // and with a checksum that lets it through
			b := [RecordSize]byte(data)
			copy(b[:], magic)
			b[atVersion] = version
			seal(&b)
			try(b[:])
		}
	})
}
