// SPDX-License-Identifier: Apache-2.0

package service

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/creack/pty"
)

// typed is a command line, and what is typed at its prompts.
type typed struct {
	Command string
	Answers []string // behind the last one Enter
}

// prompt is how every question of the script ends.
const prompt = "]: "

// typist types a session at a terminal and prints what stands there at the end.
func typist(args []string) int {
	var session []typed
	if err := json.Unmarshal([]byte(args[0]), &session); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for _, t := range session {
		shown, err := t.run()
		fmt.Printf("# %s\n%s", t.Command, strings.ReplaceAll(shown, "\r\n", "\n"))
		if err != nil {
			fmt.Println(err)
		}
	}
	return 0
}

// run types one command and returns what the terminal shows of it.
func (t typed) run() (string, error) {
	cmd := exec.Command("sh", "-c", t.Command)
	terminal, err := pty.Start(cmd)
	if err != nil {
		return "", err
	}
	defer terminal.Close()
	var shown bytes.Buffer
	answered := 0
	buf := make([]byte, 4096)
	for {
		n, err := terminal.Read(buf)
		shown.Write(buf[:n])
		if err != nil { // EIO: nobody has the other end any more
			return shown.String(), cmd.Wait()
		}
		if !bytes.HasSuffix(shown.Bytes(), []byte(prompt)) {
			continue
		}
		answer := "\n"
		if answered < len(t.Answers) {
			answer = t.Answers[answered]
		}
		answered++
		if _, err := terminal.WriteString(answer); err != nil {
			return shown.String(), err
		}
	}
}
