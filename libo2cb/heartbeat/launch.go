// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// Phase is how far the start of one of several regions is.
type Phase string

// The phases, in their order.
const (
	Waiting  Phase = "waiting"  // for the first region, or for another process
	Starting Phase = "starting" // in the kernel
	Started  Phase = "started"
	Ran      Phase = "ran" // it ran already
	Failed   Phase = "failed"
)

// Progress is where one of several regions stands.
type Progress struct {
	Region   string
	Device   string // path, as in the request
	Phase    Phase
	Elapsed  time.Duration // since its start began
	Expected time.Duration // how long the kernel takes for it
}

// pidPoll is the time between two looks for the thread of the first region.
const pidPoll = 10 * time.Millisecond

// launch is the start of several regions.
type launch struct {
	keeper   *Keeper
	cluster  string
	runs     []*run
	pending  int // how many are under way
	outcomes chan outcome
}

// run is the start of one of them. Its phase belongs to the goroutine of StartAll.
type run struct {
	request  Request
	volume   *volume.Volume
	dev      *os.File // nil of a region that ran already
	phase    Phase
	started  bool // in the kernel, by us
	begun    time.Time
	took     time.Duration
	expected time.Duration
}

// outcome is how a run ended.
type outcome struct {
	run     *run
	started bool
	err     error
}

// newLaunch opens and checks the devices of all regions that do not run.
func newLaunch(k *Keeper, c *cluster.Cluster, requests []Request) (*launch, error) {
	l := &launch{keeper: k, cluster: c.Name, outcomes: make(chan outcome, len(requests))}
	for _, request := range requests {
		r, err := newRun(c, request)
		if err != nil {
			l.close()
			return nil, err
		}
		l.runs = append(l.runs, r)
	}
	if total := len(c.Regions) + len(l.waiting()); total > cluster.MaxRegions {
		l.close()
		return nil, &Error{Op: "start", Cluster: c.Name, Err: ErrTooManyRegions, Found: fmt.Sprintf("%d, at most %d", total, cluster.MaxRegions)}
	}
	return l, nil
}

// newRun opens and checks the device of a region, unless that runs already.
func newRun(c *cluster.Cluster, request Request) (*run, error) {
	request.Cluster, request.Lifetime, request.Progress = c.Name, Persistent, nil
	if running := find(c, request.UUID); running != nil {
		return &run{request: request, volume: &volume.Volume{UUID: running.Name}, phase: Ran}, nil
	}
	dev, err := os.OpenFile(request.Device, os.O_RDWR, 0)
	if err != nil {
		return nil, startError(request, request.UUID, err)
	}
	v, err := volume.ReadFile(dev)
	if err != nil {
		err = startError(request, request.UUID, err)
	} else if err = check(request, v, c); err == nil {
		err = writable(request, v, c, dev)
	}
	if err != nil {
		dev.Close()
		return nil, err
	}
	return &run{request: request, volume: v, dev: dev, phase: Waiting, expected: expected(c)}, nil
}

func (l *launch) close() {
	for _, r := range l.runs {
		if r.dev != nil {
			r.dev.Close()
		}
	}
}

// waiting returns the runs that have not begun.
func (l *launch) waiting() []*run {
	var runs []*run
	for _, r := range l.runs {
		if r.phase == Waiting {
			runs = append(runs, r)
		}
	}
	return runs
}

// run starts the regions and waits until the kernel is done with every one of
// them. It returns the first failure.
func (l *launch) run(ctx context.Context, progress func([]Progress)) (failure error) {
	work, abandon := context.WithCancel(ctx)
	defer abandon()
	var others <-chan struct{}
	if waiting := l.waiting(); len(waiting) > 0 {
		l.begin(work, waiting[0])
		others = l.beats(work, waiting[0])
	}
	tick := time.NewTicker(progressPeriod)
	defer tick.Stop()
	progress(l.progress())
	for l.pending > 0 {
		select {
		case o := <-l.outcomes:
			if err := l.settle(o); err != nil && failure == nil {
				failure = err
				abandon()
			}
			if failure == nil {
				l.begin(work, l.waiting()...) // the first is done, its thread was never seen
			}
		case <-others:
			others = nil
			if failure == nil {
				l.begin(work, l.waiting()...)
			}
		case <-tick.C:
		}
		progress(l.progress())
	}
	if failure == nil && ctx.Err() != nil {
		failure = &Error{Op: "start", Cluster: l.cluster, Err: ctx.Err()}
	}
	return failure
}

// begin starts regions, each on a goroutine of its own.
func (l *launch) begin(ctx context.Context, runs ...*run) {
	for _, r := range runs {
		r.phase, r.begun = Starting, time.Now()
		l.pending++
		go func() {
			started, err := l.start(ctx, r)
			l.outcomes <- outcome{r, started, err}
		}()
	}
}

// start starts one region. ctx ends its wait for others that start or stop it;
// what the kernel has begun is finished.
func (l *launch) start(ctx context.Context, r *run) (started bool, err error) {
	set, err := lockSet(ctx, r.volume.UUID)
	if err != nil {
		return false, startError(r.request, r.volume.UUID, err)
	}
	return l.keeper.startIn(context.WithoutCancel(ctx), set, r.request, r.volume, r.dev)
}

// settle notes how a run ended.
func (l *launch) settle(o outcome) error {
	l.pending--
	o.run.started = o.started
	o.run.took = time.Since(o.run.begun)
	switch {
	case o.err != nil:
		o.run.phase = Failed
	case o.started:
		o.run.phase = Started
	default: // somebody else was faster
		o.run.phase = Ran
	}
	return o.err
}

// beats returns a channel that is closed when the kernel's thread for a region
// runs. A kernel that does not tell, and a start that fails, never close it.
func (l *launch) beats(ctx context.Context, r *run) <-chan struct{} {
	running := make(chan struct{})
	go func() {
		tick := time.NewTicker(pidPoll)
		defer tick.Stop()
		for {
			if pid, err := l.keeper.kernel.RegionPID(l.cluster, r.volume.UUID); err == nil && pid != 0 {
				close(running)
				return
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return running
}

// undo stops the regions that were started, the latest first, and returns the
// first failure.
func (l *launch) undo(ctx context.Context) (failure error) {
	for _, r := range slices.Backward(l.runs) {
		if !r.started {
			continue
		}
		if _, err := l.keeper.stop(context.WithoutCancel(ctx), l.cluster, r.volume.UUID, Persistent); err != nil && failure == nil {
			failure = err
		}
	}
	return failure
}

func (l *launch) progress() []Progress {
	all := make([]Progress, len(l.runs))
	for i, r := range l.runs {
		all[i] = Progress{Region: r.volume.UUID, Device: r.request.Device, Phase: r.phase, Elapsed: r.took, Expected: r.expected}
		if r.phase == Starting {
			all[i].Elapsed = time.Since(r.begun)
		}
	}
	return all
}

func (l *launch) results() []Result {
	all := make([]Result, len(l.runs))
	for i, r := range l.runs {
		all[i] = Result{Volume: r.volume, Started: r.started}
	}
	return all
}
