// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	file "github.com/o2cb-go/o2cb/libo2cb/settings"
	"golang.org/x/sys/unix"
)

// introduction is what the C init script says, of which scripts know the words.
const introduction = `Configuring the O2CB driver.

This will configure the on-boot properties of the O2CB driver.
The following questions will determine whether the driver is loaded on
boot.  The current values will be shown in brackets ('[]').  Hitting
<ENTER> without typing an answer will keep that current value.  Ctrl-C
will abort.

`

// dialogue holds an interview at a terminal, or with a script that answers as if it
// were one.
type dialogue struct {
	in   *bufio.Reader
	out  io.Writer // prompts
	err  io.Writer // what is wrong with an answer
	with *file.Interview
}

// hold asks until all is answered. The end of the input counts as Enter, as with the
// C init script. Ctrl-C ends the process: nothing was begun that it must not end.
func (d dialogue) hold() (file.Answers, error) {
	if _, err := io.WriteString(d.out, introduction); err != nil {
		return file.Answers{}, err
	}
	for !d.with.Done() {
		if _, err := io.WriteString(d.out, visible(d.with.Prompt())); err != nil {
			return file.Answers{}, err
		}
		if err := d.answer(); err != nil {
			return file.Answers{}, err
		}
	}
	return d.with.Answers(), nil
}

// answer reads one answer, and says so when it is none.
func (d dialogue) answer() error {
	text, early := d.with.Pending()
	if !early {
		var err error
		text, err = d.in.ReadString('\n')
		switch {
		case errors.Is(err, io.EOF) && text == "":
			d.with.Keep()
			return nil
		case err != nil && !errors.Is(err, io.EOF):
			return fmt.Errorf("read the answer: %w", err)
		}
	}
	note, wrong := d.with.Answer(text)
	if note != "" {
		fmt.Fprintf(d.err, "o2cb_ctl: %s\n", visible(note))
	}
	if wrong != nil {
		fmt.Fprintln(d.err, visible(wrong.Error()))
	}
	return nil
}

// isTyped tells whether somebody sits at the other end, so that what comes answers
// what was asked.
func isTyped(in io.Reader) bool {
	from, ok := in.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(from.Fd()), unix.TCGETS)
	return err == nil
}
