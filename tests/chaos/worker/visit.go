// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/tests/chaos/history"
)

// held is what a hold and a mutex that is locked have in common.
type held interface {
	Value() ([]byte, error)
	SetValue([]byte) error
	Token() libo2dlm.Token
}

// visit is one use of a resource.
type visit struct {
	resource int
	level    libo2dlm.Level
	how      history.How
	since    int64
}

func (u visit) op(register history.Register) history.Op {
	return history.Op{
		Resource: uint8(u.resource), Register: register, How: u.how,
		Exclusive: u.level == libo2dlm.Exclusive, Call: u.since,
	}
}

// One use in so many goes to the disk as well, which takes ten times as long.
const diskEvery = 8

// look reads the registers, writes them in exclusive holds, and records that.
func (u *user) look(use visit, h held) (err error) {
	block := use.op(history.Block)
	if block.Token = uint64(h.Token()); block.Token == 0 && block.Exclusive {
		_, err := h.Value()
		return fmt.Errorf("%s, %v: an exclusive hold without token (value: error %w)", name(use.resource), use.how, err)
	}
	if block.Old, err = value(h); err != nil {
		return fmt.Errorf("%s, %v: %w", name(use.resource), use.how, err)
	}
	if block.Exclusive {
		block.New = u.record.value()
		if err := h.SetValue(binary.LittleEndian.AppendUint64(nil, block.New)); err != nil {
			return fmt.Errorf("%s, %v: %w", name(use.resource), use.how, err)
		}
	}
	ops := []history.Op{block}
	if rand.IntN(diskEvery) == 0 {
		file := use.op(history.File)
		if err := u.lookInFile(&file); err != nil {
			return fmt.Errorf("%s: disk: %w", name(use.resource), err)
		}
		ops = append(ops, file)
	} else if rand.IntN(diskEvery) == 0 {
		runtime.Gosched() // so that others meet a hold that lasts
	}
	end := now()
	for i := range ops {
		ops[i].Return = end
	}
	u.record.add(ops...)
	return nil
}

func (u *user) lookInFile(op *history.Op) (err error) {
	if op.Old, err = u.files.read(u.block, int(op.Resource)); err != nil || !op.Exclusive {
		return err
	}
	op.New = u.record.value()
	return u.files.write(u.block, int(op.Resource), op.New)
}

// value reads the register in the value block, 0 when it was lost.
func value(h held) (uint64, error) {
	v, err := h.Value()
	switch {
	case errors.Is(err, libo2dlm.ErrValueLost):
		return 0, nil
	case err != nil:
		return 0, err
	case len(v) != 8:
		return 0, fmt.Errorf("a value of %d bytes", len(v))
	}
	return binary.LittleEndian.Uint64(v), nil
}
