// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"io"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
)

// acknowledged reads the channel and tells the lab how much has arrived.
type acknowledged struct {
	r       io.Reader
	out     *wire.Writer
	pending int
}

func (a *acknowledged) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if a.pending += n; err == nil && a.pending >= wire.AckEvery {
		err = a.out.Write(wire.Frame{Kind: wire.Received, Payload: count(a.pending)})
		a.pending = 0
	}
	return n, err
}

// count is the payload of wire.Consumed and wire.Received.
func count(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
