// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// surveyVerb is the hidden verb of the child process that reads the disks for
// volume: like that of findVerb, it may not be able to end.
const surveyVerb = "survey-volumes"

// surveyed is the answer of that process.
type surveyed struct {
	Volumes  []*volume.Volume `json:"volumes"`
	Problems []string         `json:"problems"`
	Silent   bool             `json:"silent,omitempty"` // one did not answer
	Failure  string           `json:"failure,omitempty"`
}

// newSurveyVolumes makes the verb of the child process.
func newSurveyVolumes(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:    surveyVerb + " [DEVICE…]",
		Short:  "Read volumes (run by volume)",
		Hidden: true,
		RunE: func(cmd *cobra.Command, devices []string) error {
			setProcessName("o2cb_ctl")
			volumes, problems, err := s.readVolumes(cmd.Context(), devices)
			answer := surveyed{Volumes: volumes}
			if err != nil {
				answer.Failure = err.Error()
			}
			for _, p := range problems {
				answer.Problems = append(answer.Problems, p.Error())
				answer.Silent = answer.Silent || errors.Is(p, unix.ETIMEDOUT)
			}
			return json.NewEncoder(s.std.out).Encode(answer)
		},
	}
}

// readVolumes reads the named devices, or finds all volumes, and returns what could
// be read and why the rest could not.
func (s *settings) readVolumes(ctx context.Context, devices []string) ([]*volume.Volume, []error, error) {
	if len(devices) == 0 {
		survey, err := volume.Scan(ctx, s.root)
		if err != nil {
			return nil, nil, err
		}
		return survey.Volumes, survey.Problems, nil
	}
	var volumes []*volume.Volume
	var problems []error
	for _, device := range devices {
		v, err := openPatiently(s.path(device))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		volumes = append(volumes, v)
	}
	return volumes, problems, nil
}

// openPatiently is [volume.Open] for a disk that may hang: the read is left behind.
func openPatiently(device string) (v *volume.Volume, err error) {
	done := make(chan struct{})
	var read *volume.Volume
	var failed error
	go func() {
		read, failed = volume.Open(device)
		close(done)
	}()
	limit := time.NewTimer(volume.Patience)
	defer limit.Stop()
	select {
	case <-done:
		return read, failed
	case <-limit.C:
		return nil, &volume.Error{Op: "read", Path: device, Block: volume.NoBlock, Found: "the disk does not answer", Err: unix.ETIMEDOUT}
	}
}

// volumes is readVolumes in a child process, whose answer is waited for and whose
// end is not.
func (s *settings) volumes(ctx context.Context, devices []string) ([]*volume.Volume, []error, error) {
	a, err := survey(ctx, s.root, devices)
	if err != nil {
		return nil, nil, err
	}
	var problems []error
	for _, p := range a.Problems {
		problems = append(problems, errors.New(p))
	}
	return a.Volumes, problems, nil
}

// answers makes sure that a disk does, as a process that opens it otherwise hangs,
// with the locks that it holds.
func answers(ctx context.Context, device string) error {
	a, err := survey(ctx, "/", []string{device})
	if err == nil && a.Silent {
		err = &volume.Error{Op: "read", Path: device, Block: volume.NoBlock, Found: "the disk does not answer", Err: unix.ETIMEDOUT}
	}
	return err
}

// survey asks a child process.
func survey(ctx context.Context, root string, devices []string) (surveyed, error) {
	cmd := exec.Command("/proc/self/exe", append([]string{"--root", root, surveyVerb, "--"}, devices...)...)
	cmd.Args[0] = "o2cb_ctl"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // the terminal's signals are for us
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return surveyed{}, fmt.Errorf("start a process that reads the disks: %w", err)
	}
	replies := make(chan surveyed, 1)
	go func() {
		var a surveyed
		if err := json.NewDecoder(out).Decode(&a); err != nil {
			a.Failure = fmt.Sprintf("the process that reads the disks gave no answer: %v", err)
		}
		replies <- a
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	select {
	case a := <-replies:
		if a.Failure != "" {
			return a, errors.New(a.Failure)
		}
		return a, nil
	case <-ctx.Done():
		_ = cmd.Process.Kill()
		return surveyed{}, fmt.Errorf("read volumes: %w", ctx.Err())
	}
}
