// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
	"golang.org/x/sys/unix"
)

// openTerminal makes a pseudo terminal (pts(4)) of that size for a command.
// Its input and its output are one file on our side, opened twice so that each
// can be closed by itself: the end of input is the terminal's end-of-file
// character, not a closed descriptor.
func openTerminal(size wire.Size) (*stdio, error) {
	main, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("make a pseudo terminal: %w", err)
	}
	child, in, err := unlock(main, size)
	if err != nil {
		main.Close()
		return nil, err
	}
	return &stdio{
		child:    [3]*os.File{child, child, child},
		in:       in,
		outputs:  []output{{main}},
		terminal: true,
	}, nil
}

// unlock opens the command's end of the terminal and a second descriptor of ours.
func unlock(main *os.File, size wire.Size) (child, in *os.File, err error) {
	raw, err := main.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	var number, copied int
	ctlErr := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err != nil {
			return
		}
		if number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); err != nil {
			return
		}
		copied, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if ctlErr != nil {
		return nil, nil, ctlErr
	}
	if err != nil {
		return nil, nil, fmt.Errorf("prepare a pseudo terminal: %w", err)
	}
	in = os.NewFile(uintptr(copied), "/dev/ptmx")
	if err := setSize(in, size); err != nil {
		in.Close()
		return nil, nil, err
	}
	child, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		in.Close()
		return nil, nil, err
	}
	return child, in, nil
}

func setSize(f *os.File, size wire.Size) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	ctlErr := raw.Control(func(fd uintptr) {
		err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: size.Rows, Col: size.Columns})
	})
	if ctlErr != nil {
		return ctlErr
	}
	if err != nil {
		return fmt.Errorf("set the size of a terminal to %d by %d: %w", size.Rows, size.Columns, err)
	}
	return nil
}
