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
	cmd := exec.Command("/proc/self/exe", append([]string{"--root", s.root, surveyVerb, "--"}, devices...)...)
	cmd.Args[0] = "o2cb_ctl"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // the terminal's signals are for us
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("start a process that reads the disks: %w", err)
	}
	answers := make(chan surveyed, 1)
	go func() {
		var a surveyed
		if err := json.NewDecoder(out).Decode(&a); err != nil {
			a.Failure = fmt.Sprintf("the process that reads the disks gave no answer: %v", err)
		}
		answers <- a
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	select {
	case a := <-answers:
		if a.Failure != "" {
			return nil, nil, errors.New(a.Failure)
		}
		var problems []error
		for _, p := range a.Problems {
			problems = append(problems, errors.New(p))
		}
		return a.Volumes, problems, nil
	case <-ctx.Done():
		_ = cmd.Process.Kill()
		return nil, nil, fmt.Errorf("read volumes: %w", ctx.Err())
	}
}
