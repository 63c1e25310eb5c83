// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// torture DOMAIN LOCK TIMES does what testdata/torture.c does, with this library:
// it takes the lock so many times and adds one to the number in its raw value
// block, which is the number of turns that everybody has had.
func torture(args []string) error {
	times, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	ctx := context.Background()
	d, err := libo2dlm.Join(ctx, args[0], &libo2dlm.JoinOptions{ExclusiveOnly: true}) // C programs know no gate
	if err != nil {
		return err
	}
	for range times {
		h, err := d.Lock(ctx, args[1], libo2dlm.Exclusive)
		if err != nil {
			return err
		}
		turn, err := addOne(h)
		if err != nil {
			return err
		}
		if err := h.Release(); err != nil {
			return err
		}
		fmt.Println(turn)
	}
	return d.Close()
}

// addOne adds one to the number in the value block, as the machine stores it.
func addOne(h *libo2dlm.Hold) (uint64, error) {
	block, err := h.RawValue()
	if err != nil {
		return 0, err
	}
	turn := binary.NativeEndian.Uint64(block) + 1
	return turn, h.SetRawValue(binary.NativeEndian.AppendUint64(nil, turn))
}
