// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"fmt"
	"strings"
	"time"
)

// Ladder says how long each rung of [Manager.Evict] gives those whom it concerns
// before the next one.
type Ladder struct {
	Ask       time.Duration // to give up a lock
	Terminate time.Duration // to end after SIGTERM
	Kill      time.Duration // for the kernel to clear away after SIGKILL, and to let go of a mount
}

// DefaultGrace is the grace of the command.
const DefaultGrace = 10 * time.Second

// killGrace is how long the kernel may take to clear a killed process away.
const killGrace = 5 * time.Second

// NewLadder returns the ladder with the given time to end after SIGTERM, half of
// which there is for a lock to be given up before that. grace may be 0: then every
// rung is passed at once.
func NewLadder(grace time.Duration) Ladder {
	return Ladder{Ask: grace / 2, Terminate: grace, Kill: killGrace}
}

// Act is what Evict does to something.
type Act string

// The acts, in the order of the rungs.
const (
	Ask       Act = "ask"       // knock at the lock files that a process has open
	Terminate Act = "terminate" // send SIGTERM
	Kill      Act = "kill"      // send SIGKILL
	Unmount   Act = "unmount"
	Leave     Act = "leave" // a lock domain
	Stop      Act = "stop"  // a heartbeat region that no volume needs any more
)

// Eviction is one act of [Manager.Evict]. Its JSON form is stable: fields are
// added, not renamed.
type Eviction struct {
	Act     Act      `json:"act"`
	PID     int      `json:"pid,omitempty"`     // of ask, terminate and kill
	Command string   `json:"command,omitempty"` // the name of its program
	Uses    []string `json:"uses,omitempty"`    // what for, in words
	GraceMS int64    `json:"grace_ms,omitempty"`
	Object  string   `json:"object,omitempty"` // mount point, lock domain or region of the other acts
}

// String returns the act as "terminate process 12 (prog), which has lock x of
// domain y, and wait up to 10s".
func (e Eviction) String() string {
	switch e.Act {
	case Unmount:
		return "unmount " + e.Object
	case Leave:
		return "leave lock domain " + e.Object
	case Stop:
		return "stop heartbeat region " + e.Object
	}
	text := fmt.Sprintf("%s process %d (%s), which has %s", e.Act, e.PID, e.Command, strings.Join(e.Uses, ", "))
	if grace := time.Duration(e.GraceMS) * time.Millisecond; grace > 0 {
		text += fmt.Sprintf(", and wait up to %s", grace)
	}
	return text
}

// Obstacle is something that uses the cluster and that no force takes down.
type Obstacle struct {
	What string `json:"what"` // in words
	Mend string `json:"mend"` // what to do about it
}

// String returns what it is and what to do.
func (o Obstacle) String() string { return fmt.Sprintf("%s (%s)", o.What, o.Mend) }

// ObstacleError says what [Manager.Evict] does not take down; it touched nothing.
type ObstacleError struct{ Obstacles []Obstacle }

// Error returns one line with all of them, each with what to do.
func (e *ObstacleError) Error() string {
	return "force does not take this down: " + list(e.Obstacles)
}

// StuckError says which processes no signal ends. Volumes, lock domains and
// regions are as they were.
type StuckError struct {
	Processes []Waiter // that wait in the kernel, or were killed and are still there
}

// Error returns one line with what they wait for.
func (e *StuckError) Error() string {
	var why []string
	for _, p := range e.Processes {
		if p.thread != 0 {
			why = append(why, fmt.Sprintf("%s waits in the kernel for a lock that another node holds, where no signal reaches it (release the lock there)", p))
		} else {
			why = append(why, fmt.Sprintf("%s was killed and is still there: it ends when the kernel has done what it asked for, often a read or write of a disk", p))
		}
	}
	return strings.Join(why, "; ")
}

// EvictError says what went wrong after [Manager.Evict] had begun, and what is
// still in use.
type EvictError struct {
	Err  error
	Left *InUseError // nil when nothing is, or it is not to be found out
}

// Error returns one line with both.
func (e *EvictError) Error() string {
	if e.Left == nil {
		return e.Err.Error()
	}
	return fmt.Sprintf("%v; %v", e.Err, e.Left)
}

// Unwrap returns what went wrong.
func (e *EvictError) Unwrap() error { return e.Err }
