// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// How often a Monitor looks. The C program o2hbmonitor has the same values.
const (
	slowPoll = 10 * time.Second // while all is well
	fastPoll = 2 * time.Second  // after a warning, and the least at any time
)

// answerTime is how long a disk may take for its answer before the monitor goes
// on without it. It asks for no more until that has come.
const answerTime = time.Second

// Running is what a Monitor needs to know of the kernel's cluster.
type Running struct {
	Node     int              // this node's number
	DeadTime time.Duration    // after which a node that cannot write resets itself
	Regions  []cluster.Region // those without Device are left out of account
	DebugFS  string           // where debugfs is mounted; empty when it is not
}

// MonitorOptions say what a Monitor does. All fields but Verbose are needed.
type MonitorOptions struct {
	// Percent of the dead time without a beat after which it warns, 1 to 99.
	Percent int
	// Look returns the cluster that runs, and nil when none does.
	Look func() (*Running, error)
	// Child makes the command that reads the blocks of a region; see
	// [StartBlockReader]. It is asked where debugfs does not say how old a beat is.
	Child func(device, region string) (*exec.Cmd, error)
	// Log gets each warning, and a line of level info when a region beats again.
	Log logrus.FieldLogger
	// Verbose, if not nil, gets a line for each region each time.
	Verbose io.Writer
}

// Monitor warns of heartbeat regions that this node has not written to for a
// while, long before the kernel resets the node for it. It does what the program
// o2hbmonitor of ocfs2-tools does, and prints its lines, but needs no debugfs.
type Monitor struct {
	options MonitorOptions
	now     func() time.Time
	regions map[string]*watched
	failed  bool // Look did, last time
}

// watched is what a Monitor remembers of a region.
type watched struct {
	device  string
	meter   *meter // nil while debugfs tells
	late    time.Duration
	trouble bool // with its disk, last time
}

// latency is the result of looking at a region.
type latency struct {
	elapsed time.Duration
	problem error
}

// NewMonitor returns a Monitor. It looks at nothing yet.
func NewMonitor(o MonitorOptions) *Monitor {
	return &Monitor{options: o, now: time.Now, regions: map[string]*watched{}}
}

// Run watches until ctx ends. A disk that hangs does not hold it up.
func (m *Monitor) Run(ctx context.Context) {
	defer m.forget(nil)
	for {
		begin := m.now()
		pause := m.round(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause - m.now().Sub(begin)):
		}
	}
}

// round looks at all regions once and returns when to do it again, from its begin.
func (m *Monitor) round(ctx context.Context) time.Duration {
	running, err := m.options.Look()
	m.failed = m.complain(err, m.failed, "")
	if err != nil || running == nil || running.DeadTime == 0 {
		m.forget(nil)
		return slowPoll
	}
	m.forget(running.Regions)
	warn := running.DeadTime * time.Duration(m.options.Percent) / 100
	left := slowPoll
	for i, l := range m.measure(ctx, running) {
		if ctx.Err() != nil {
			break
		}
		r := running.Regions[i]
		if r.Device == "" {
			continue
		}
		m.report(r, l, warn)
		left = min(left, warn-l.elapsed)
	}
	return max(left, fastPoll)
}

// measure looks at all regions at the same time.
func (m *Monitor) measure(ctx context.Context, running *Running) []latency {
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	found := make([]latency, len(running.Regions))
	var wait sync.WaitGroup
	for i, r := range running.Regions {
		if r.Device == "" {
			continue
		}
		w := m.regions[r.Name]
		if w == nil {
			w = &watched{device: r.Device}
			m.regions[r.Name] = w
		}
		wait.Go(func() { found[i] = m.measureOne(ctx, running, r, w) })
	}
	wait.Wait()
	return found
}

// measureOne asks debugfs, and where that does not know the disk.
func (m *Monitor) measureOne(ctx context.Context, running *Running, r cluster.Region, w *watched) latency {
	if elapsed, err := readElapsed(running.DebugFS, r.Name); err == nil {
		w.close()
		return latency{elapsed: elapsed}
	}
	if w.meter == nil {
		w.meter = &meter{node: running.Node, now: m.now, start: func() (blockSource, error) { return m.start(r) }}
	}
	elapsed, problem := w.meter.measure(ctx)
	return latency{elapsed, problem}
}

// start starts the child that reads a region.
func (m *Monitor) start(r cluster.Region) (blockSource, error) {
	child, err := m.options.Child(r.Device, r.Name)
	if err != nil {
		return nil, err
	}
	return StartBlockReader(child)
}

// report logs what is worth it. Scripts look for the line "Last ping …".
func (m *Monitor) report(r cluster.Region, l latency, warn time.Duration) {
	w := m.regions[r.Name]
	w.trouble = m.complain(l.problem, w.trouble, "the heartbeat of this node is not seen: ")
	line := fmt.Sprintf("Last ping %d msecs ago on /dev/%s, %s", l.elapsed.Milliseconds(), r.Device, r.Name)
	if m.options.Verbose != nil {
		// Nobody may be reading any more; the log is what counts.
		_, _ = fmt.Fprintln(m.options.Verbose, line)
	}
	switch {
	case l.elapsed >= warn:
		m.options.Log.Warn(line)
		w.late = l.elapsed
	case w.late > 0:
		m.options.Log.Infof("Ping is back on /dev/%s, %s, after more than %d msecs", r.Device, r.Name, w.late.Milliseconds())
		w.late = 0
	}
}

// complain logs an error when trouble begins, and tells whether there is any.
func (m *Monitor) complain(err error, before bool, prefix string) (trouble bool) {
	if err != nil && !before {
		m.options.Log.Warn(prefix + err.Error())
	}
	return err != nil
}

// forget drops what is known of all regions but those that are there, on the
// device that they were on.
func (m *Monitor) forget(there []cluster.Region) {
	for name, w := range m.regions {
		if r := find(&cluster.Cluster{Regions: there}, name); r == nil || r.Device != w.device {
			w.close()
			delete(m.regions, name)
		}
	}
}

func (w *watched) close() {
	if w.meter != nil {
		w.meter.close()
		w.meter = nil
	}
}
