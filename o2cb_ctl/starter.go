// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
)

// starterVerb is the hidden verb of the child process that starts regions. A
// process that is killed while the kernel starts one leaves a region that only a
// reboot removes: so it is another one, in a session of its own, which comes to its
// end when the command that wants the regions is killed.
const starterVerb = "start-regions"

// startRequest is what that process reads.
type startRequest struct {
	Cluster string                          `json:"cluster"`
	All     bool                            `json:"all"` // StartAll, not Start
	Targets []struct{ Device, UUID string } `json:"targets"`
}

// startReply is what it writes, any number of them with progress before the last.
type startReply struct {
	Progress []heartbeat.Progress `json:"progress,omitempty"`
	Results  []heartbeat.Result   `json:"results,omitempty"`
	Failure  *childFailure        `json:"failure,omitempty"`
	Done     bool                 `json:"done"`
}

// childFailure is an error on its way out of a child process.
type childFailure struct {
	Message string        `json:"message"`
	Reasons []string      `json:"reasons,omitempty"` // keys of childReasons
	Errno   syscall.Errno `json:"errno,omitempty"`
}

// childReasons are the errors that a caller may ask for, by name.
func childReasons() map[string]error {
	reasons := map[string]error{"cancelled": context.Canceled}
	for _, reason := range []error{heartbeat.ErrStack, heartbeat.ErrNoCluster, heartbeat.ErrOtherCluster, heartbeat.ErrOtherVolume,
		heartbeat.ErrMode, heartbeat.ErrGlobal, heartbeat.ErrLocal, heartbeat.ErrTooManyRegions, heartbeat.ErrNoLocalNode,
		heartbeat.ErrHalfStarted, heartbeat.ErrNotRunning} {
		reasons[reason.Error()] = reason
	}
	for _, reason := range lockReasons() {
		reasons[reason.Error()] = reason
	}
	return reasons
}

func describeFailure(err error) *childFailure {
	f := &childFailure{Message: err.Error()}
	for name, reason := range childReasons() {
		if errors.Is(err, reason) {
			f.Reasons = append(f.Reasons, name)
		}
	}
	errors.As(err, &f.Errno)
	return f
}

// err is the reverse of describeFailure.
func (f *childFailure) err() error {
	e := &findError{message: f.Message}
	for _, name := range f.Reasons {
		if reason := childReasons()[name]; reason != nil {
			e.causes = append(e.causes, reason)
		}
	}
	if f.Errno != 0 {
		e.causes = append(e.causes, f.Errno)
	}
	return e
}

// newStartRegions makes the verb of the child process.
func newStartRegions(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:    starterVerb,
		Short:  "Start heartbeat regions (run by online, apply and heartbeat start)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			setProcessName("o2cb_ctl")
			signal.Ignore(syscall.SIGPIPE) // nobody may be left who listens
			ctx, stop := steadfast(cmd.Context())
			defer stop()
			var r startRequest
			if err := json.NewDecoder(s.std.in).Decode(&r); err != nil {
				return fmt.Errorf("read what is to be started: %w", err)
			}
			reply := startReply{Done: true}
			out := json.NewEncoder(s.std.out)
			var err error
			reply.Results, err = s.startHere(ctx, r, func(p []heartbeat.Progress) { _ = out.Encode(startReply{Progress: p}) })
			if err != nil {
				reply.Failure = describeFailure(err)
			}
			return out.Encode(reply)
		},
	}
}

// startHere starts regions in this process.
func (s *settings) startHere(ctx context.Context, r startRequest, progress func([]heartbeat.Progress)) ([]heartbeat.Result, error) {
	keeper, err := libo2cb.New(libo2cb.Options{Root: s.root}).Keeper()
	if err != nil {
		return nil, err
	}
	requests := make([]heartbeat.Request, len(r.Targets))
	for i, t := range r.Targets {
		requests[i] = heartbeat.Request{Cluster: r.Cluster, Device: t.Device, UUID: t.UUID}
	}
	if r.All {
		return keeper.StartAll(ctx, r.Cluster, requests, progress)
	}
	requests[0].Progress = func(elapsed, expected time.Duration) {
		progress([]heartbeat.Progress{{Phase: heartbeat.Starting, Elapsed: elapsed, Expected: expected}})
	}
	result, err := keeper.Start(ctx, requests[0])
	if err != nil {
		return nil, err
	}
	return []heartbeat.Result{*result}, nil
}

// starter starts regions in child processes. It is a [libo2cb.Starter].
type starter struct{ root string }

// Start is that of [heartbeat.Keeper].
func (s starter) Start(ctx context.Context, r heartbeat.Request) (*heartbeat.Result, error) {
	progress := func(p []heartbeat.Progress) {
		if r.Progress != nil && len(p) > 0 {
			r.Progress(p[0].Elapsed, p[0].Expected)
		}
	}
	if err := answers(ctx, r.Device); err != nil {
		return nil, &heartbeat.Error{Op: "start", Cluster: r.Cluster, Device: r.Device, Err: err}
	}
	results, err := s.start(ctx, newStartRequest(r.Cluster, false, r), progress)
	if err != nil {
		return nil, err
	}
	return &results[0], nil
}

// StartAll is that of [heartbeat.Keeper].
func (s starter) StartAll(ctx context.Context, clusterName string, requests []heartbeat.Request, progress func([]heartbeat.Progress)) ([]heartbeat.Result, error) {
	return s.start(ctx, newStartRequest(clusterName, true, requests...), progress)
}

func newStartRequest(clusterName string, all bool, requests ...heartbeat.Request) startRequest {
	r := startRequest{Cluster: clusterName, All: all}
	for _, one := range requests {
		r.Targets = append(r.Targets, struct{ Device, UUID string }{one.Device, one.UUID})
	}
	return r
}

// start has a child process start regions and waits for it. When ctx ends the
// child is asked to end, which takes it as long as the kernel takes.
func (s starter) start(ctx context.Context, r startRequest, progress func([]heartbeat.Progress)) ([]heartbeat.Result, error) {
	cmd := exec.Command("/proc/self/exe", "--root", s.root, starterVerb)
	cmd.Args[0] = "o2cb_ctl"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if lock := libo2cb.LockOf(ctx); lock != nil {
		cmd.ExtraFiles = []*os.File{lock}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start a process that starts regions: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start a process that starts regions: %w", err)
	}
	// A child that died reads nothing; its answer, or that there is none, tells.
	_ = json.NewEncoder(in).Encode(r)
	_ = in.Close()
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	reply, err := listen(out, progress)
	if waitErr := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("the process that starts regions gave no answer: %w (%v)", err, waitErr)
	}
	if reply.Failure != nil {
		return nil, reply.Failure.err()
	}
	return reply.Results, nil
}

// listen hands on what a child says of its progress and returns its last word.
func listen(out io.Reader, progress func([]heartbeat.Progress)) (startReply, error) {
	replies := json.NewDecoder(out)
	for {
		var reply startReply
		if err := replies.Decode(&reply); err != nil {
			return reply, err
		}
		if reply.Done {
			return reply, nil
		}
		if progress != nil {
			progress(reply.Progress)
		}
	}
}
