// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// findVerb is the hidden verb of the child process that reads the disks. A process
// with a read that hangs in the kernel cannot end, not even by SIGKILL: so it is
// another one, which is left behind.
const findVerb = "find-volumes"

// found is the answer of that process.
type found struct {
	Volumes []*volume.Volume `json:"volumes,omitempty"`
	Message string           `json:"message,omitempty"`
	Reasons []string         `json:"reasons,omitempty"` // keys of findReasons
	Errno   syscall.Errno    `json:"errno,omitempty"`
}

// findReasons are the errors that a caller may ask for, by name.
func findReasons() map[string]error {
	return map[string]error{
		"not-found": volume.ErrNotFound,
		"ambiguous": volume.ErrAmbiguous,
		"corrupt":   volume.ErrCorrupt,
	}
}

// findError is the error of the child process.
type findError struct {
	message string
	causes  []error
}

func (e *findError) Error() string   { return e.message }
func (e *findError) Unwrap() []error { return e.causes }

// newFindVolumes makes the verb of the child process.
func newFindVolumes(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:    findVerb + " UUID…",
		Short:  "Look for volumes (run by heartbeat start)",
		Hidden: true,
		Args:   cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, uuids []string) error {
			setProcessName("o2cb_ctl")
			volumes, err := volume.FindAll(cmd.Context(), s.root, uuids)
			return json.NewEncoder(s.std.out).Encode(describeFound(volumes, err))
		},
	}
}

func describeFound(volumes []*volume.Volume, err error) found {
	if err == nil {
		return found{Volumes: volumes}
	}
	f := found{Message: err.Error()}
	for name, reason := range findReasons() {
		if errors.Is(err, reason) {
			f.Reasons = append(f.Reasons, name)
		}
	}
	errors.As(err, &f.Errno)
	return f
}

// result is the reverse of describeFound.
func (f found) result() ([]*volume.Volume, error) {
	if f.Message == "" {
		return f.Volumes, nil
	}
	e := &findError{message: f.Message}
	for _, name := range f.Reasons {
		if reason := findReasons()[name]; reason != nil {
			e.causes = append(e.causes, reason)
		}
	}
	if f.Errno != 0 {
		e.causes = append(e.causes, f.Errno)
	}
	return nil, e
}

// findVolumes is [volume.FindAll] in a child process, whose answer is waited for
// and whose end is not.
func findVolumes(ctx context.Context, root string, uuids []string) ([]*volume.Volume, error) {
	if len(uuids) == 0 {
		return nil, nil
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"--root", root, findVerb}, uuids...)...)
	cmd.Args[0] = "o2cb_ctl"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // the terminal's signals are for us
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start a process that reads the disks: %w", err)
	}
	answer := make(chan found, 1)
	failure := make(chan error, 1)
	go func() {
		var f found
		if err := json.NewDecoder(out).Decode(&f); err != nil {
			failure <- fmt.Errorf("the process that reads the disks gave no answer: %w", err)
		} else {
			answer <- f
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	select {
	case f := <-answer:
		return f.result()
	case err := <-failure:
		return nil, err
	case <-ctx.Done():
		_ = cmd.Process.Kill()
		return nil, fmt.Errorf("look for volumes: %w", ctx.Err())
	}
}
