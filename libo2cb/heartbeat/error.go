// SPDX-License-Identifier: Apache-2.0

package heartbeat

import "errors"

// Reasons why a region is not started or stopped. An [*Error] wraps one of
// them, an error of the packages volume or configfs, an errno, or a context's
// error.
var (
	// ErrStack says that the volume is for another cluster stack than o2cb.
	ErrStack = errors.New("the volume is for another cluster stack")

	// ErrNoCluster says that the volume is for one node, which needs no heartbeat.
	ErrNoCluster = errors.New("the volume belongs to no cluster")

	// ErrOtherCluster says that the volume carries the name of another cluster.
	ErrOtherCluster = errors.New("the volume belongs to another cluster")

	// ErrOtherVolume says that the device carries another volume than the one asked for.
	ErrOtherVolume = errors.New("the device carries another volume")

	// ErrMode says that volume and kernel do not agree on the heartbeat mode.
	ErrMode = errors.New("the volume is for another heartbeat mode")

	// ErrGlobal says that the kernel's heartbeat is global: its regions are
	// neither started nor stopped with a volume, but with the cluster.
	ErrGlobal = errors.New("the cluster's heartbeat is global")

	// ErrLocal says that the kernel's heartbeat is local: each volume has its own
	// region, which starts and stops with its users.
	ErrLocal = errors.New("the cluster's heartbeat is local")

	// ErrTooManyRegions says that the kernel would have more regions than it can.
	ErrTooManyRegions = errors.New("too many heartbeat regions")

	// ErrNoLocalNode says that the kernel does not know which node it is.
	ErrNoLocalNode = errors.New("the cluster has no local node")

	// ErrHalfStarted says that a process was killed while it started the region.
	ErrHalfStarted = errors.New("the region was started by halves")

	// ErrNotRunning says that the kernel has no such region.
	ErrNotRunning = errors.New("the region is not running")
)

// Error is the only error type of this package.
type Error struct {
	Op      string // "start", "stop", "count", "list"
	Cluster string
	Region  string // UUID; may be empty when it is not known yet
	Device  string // path; may be empty
	Found   string // what was found instead of what is needed; may be empty
	Mend    string // what to do about it; may be empty
	Err     error
}

var _ error = (*Error)(nil)

// Error returns one line: operation, region, device, cause, what was found, mend.
func (e *Error) Error() string {
	s := "heartbeat: " + e.Op
	for _, part := range []struct{ before, text string }{
		{" region ", e.Region},
		{" on ", e.Device},
		{" of cluster ", e.Cluster},
		{": ", e.Err.Error()},
		{": ", e.Found},
		{"; ", e.Mend},
	} {
		if part.text != "" {
			s += part.before + part.text
		}
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
