// SPDX-License-Identifier: Apache-2.0

package tty

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// MakeRaw turns off everything that a terminal does to bytes (cfmakeraw(3)) and
// returns the settings that it had. The error is ENOTTY for a file that is none.
func MakeRaw(fd int) (*unix.Termios, error) {
	old, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("get the terminal's settings: %w", err)
	}
	raw := *old
	raw.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	raw.Oflag &^= unix.OPOST
	raw.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	raw.Cflag &^= unix.CSIZE | unix.PARENB
	raw.Cflag |= unix.CS8
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	return old, Restore(fd, &raw)
}

// Restore gives a terminal back the settings that MakeRaw returned.
func Restore(fd int, settings *unix.Termios) error {
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, settings); err != nil {
		return fmt.Errorf("set the terminal: %w", err)
	}
	return nil
}
