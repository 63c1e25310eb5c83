// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"fmt"
	"strconv"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

// Timing returns the timing of a cluster. A field is zero when the kernel has
// no such attribute. Reading needs no privilege.
func (f *FS) Timing(clusterName string) (cluster.Timing, error) {
	d, err := f.cluster(clusterName)
	if err != nil {
		return cluster.Timing{}, err
	}
	defer d.close()
	t, err := readTiming(d)
	return t, vanished(err)
}

// SetTiming changes the fields of t that are not zero and differ, and reads them
// back. On failure what was changed is set back.
//
// Idle timeout and keepalive delay are written in the order in which the kernel
// never sees the delay reach the timeout; it refuses both with EINVAL while a
// peer is connected. A dead threshold is ignored in silence while a heartbeat
// runs: that is [ErrIgnored].
func (f *FS) SetTiming(clusterName string, t cluster.Timing) error {
	d, err := f.cluster(clusterName)
	if err != nil {
		return err
	}
	defer d.close()
	was, err := readTiming(d)
	if err != nil {
		return vanished(err)
	}
	changes, err := timingChanges(d, was, t)
	if err != nil {
		return err
	}
	for i, c := range changes {
		if err := c.apply(d); err != nil {
			return withCleanup(err, undoTiming(d, changes[:i]))
		}
	}
	return nil
}

func readTiming(d *dir) (cluster.Timing, error) {
	var t cluster.Timing
	for name, field := range map[string]*time.Duration{
		"idle_timeout_ms":    &t.IdleTimeout,
		"keepalive_delay_ms": &t.KeepaliveDelay,
		"reconnect_delay_ms": &t.ReconnectDelay,
	} {
		ms, err := readOptionalInt(d, name)
		if err != nil {
			return t, err
		}
		*field = time.Duration(ms) * time.Millisecond
	}
	var err error
	if t.FenceMethod, _, err = readIfThere(d, "fence_method"); err != nil {
		return t, err
	}
	name, err := thresholdName(d)
	if err != nil {
		return t, err
	}
	t.DeadThreshold, err = readOptionalInt(d, name)
	return t, err
}

// thresholdName returns the path of the dead threshold: some kernels of the 4.x
// series call it threshold.
func thresholdName(d *dir) (string, error) {
	_, found, err := readIfThere(d, "heartbeat/dead_threshold")
	if err != nil || found {
		return "heartbeat/dead_threshold", err
	}
	_, found, err = readIfThere(d, "heartbeat/threshold")
	if found {
		return "heartbeat/threshold", err
	}
	return "heartbeat/dead_threshold", err
}

func readOptionalInt(d *dir, name string) (int, error) {
	text, found, err := readIfThere(d, name)
	if err != nil || !found {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, unreadable(d, name, text, "a number")
	}
	return n, nil
}

// timingChange is one attribute that gets another value.
type timingChange struct{ name, was, to string }

func (c timingChange) apply(d *dir) error {
	if err := d.write(c.name, c.to); err != nil {
		return err
	}
	is, err := d.read(c.name)
	if err != nil {
		return vanished(err)
	}
	if is == c.to {
		return nil
	}
	e := newError("write", d.path+"/"+c.name, c.to, ErrIgnored)
	e.Reason = "the value stays " + is
	if c.name == "heartbeat/dead_threshold" || c.name == "heartbeat/threshold" {
		e.Reason += ": the kernel takes none below 3, and none while a heartbeat runs"
		e.Mend = "take the cluster offline to change it"
	}
	return e
}

func undoTiming(d *dir, done []timingChange) error {
	for i := len(done) - 1; i >= 0; i-- {
		c := done[i]
		if err := (timingChange{name: c.name, was: c.to, to: c.was}).apply(d); err != nil {
			return fmt.Errorf("setting the timing back: %w", err)
		}
	}
	return nil
}

// timingChanges returns what leads from was to t, in the order that the kernel
// accepts.
func timingChanges(d *dir, was, t cluster.Timing) ([]timingChange, error) {
	threshold, err := thresholdName(d)
	if err != nil {
		return nil, err
	}
	network := []timingChange{
		{"idle_timeout_ms", milliseconds(was.IdleTimeout), milliseconds(t.IdleTimeout)},
		{"keepalive_delay_ms", milliseconds(was.KeepaliveDelay), milliseconds(t.KeepaliveDelay)},
	}
	if t.IdleTimeout != 0 && t.IdleTimeout < was.IdleTimeout {
		network[0], network[1] = network[1], network[0]
	}
	all := append(network,
		timingChange{"reconnect_delay_ms", milliseconds(was.ReconnectDelay), milliseconds(t.ReconnectDelay)},
		timingChange{threshold, strconv.Itoa(was.DeadThreshold), strconv.Itoa(t.DeadThreshold)},
		timingChange{"fence_method", was.FenceMethod, t.FenceMethod},
	)
	for _, v := range []time.Duration{t.IdleTimeout, t.KeepaliveDelay, t.ReconnectDelay} {
		if v < 0 || v%time.Millisecond != 0 {
			e := newError("write", d.path, v.String(), unix.EINVAL)
			e.Reason = "the kernel counts in whole milliseconds"
			return nil, e
		}
	}
	var changes []timingChange
	for _, c := range all {
		if c.to != "" && c.to != "0" && c.to != c.was {
			changes = append(changes, c)
		}
	}
	return changes, nil
}

func milliseconds(d time.Duration) string {
	return strconv.FormatInt(d.Milliseconds(), 10)
}
