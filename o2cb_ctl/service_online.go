// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// start is what a boot does: nothing unless that is wanted.
func (s *service) start() error {
	if !s.set.Enabled {
		return nil
	}
	if err := s.load(); err != nil {
		return err
	}
	if s.cluster == "" {
		s.say("Cluster not known")
		return nil // modules and file systems are what was asked for
	}
	return s.register()
}

// online loads the stack and puts the cluster into the kernel.
func (s *service) online() error {
	if err := s.load(); err != nil {
		return err
	}
	if s.cluster == "" {
		s.say("Cluster not known")
		return statusError{serviceNotConfigured, fmt.Errorf("name a cluster: o2cb_ctl service online CLUSTER, or put O2CB_BOOTCLUSTER into %s (o2cb_ctl configure)", s.from)}
	}
	return s.register()
}

// restart stops the service, whatever cluster runs, and starts it again.
func (s *service) restart() error {
	if err := s.stop(); err != nil {
		return err
	}
	if !s.set.Enabled {
		s.staysStopped()
	}
	return s.start()
}

// reload brings what differs from the files into the running cluster.
func (s *service) reload() error {
	have, err := s.manager(true).Registered()
	if err != nil {
		return err
	}
	if have == nil {
		return statusError{serviceNotRunning, errors.New("no cluster is online: there is nothing to reload; o2cb_ctl service start")}
	}
	s.cluster = have.Name
	return s.register()
}

// register puts the cluster into the kernel and says so in the lines of the script.
func (s *service) register() error {
	if _, err := os.Stat(s.path(s.config)); err != nil {
		s.say("Checking O2CB cluster configuration : Failed")
		return statusError{serviceNotConfigured, err}
	}
	ctx, stop := steadfast(s.ctx)
	defer stop()
	dialogue := &onlineDialogue{service: s}
	options := s.options(true)
	options.Observe = dialogue.observe
	manager := libo2cb.New(options)
	report, err := manager.Online(ctx, s.cluster)
	printWarnings(s.std.err, report.Findings)
	printWarnings(s.std.err, report.SettingsFindings)
	if err != nil {
		return dialogue.fail(err)
	}
	have, err := manager.Registered()
	if err != nil {
		return err
	}
	dialogue.succeed(report, have)
	_, _ = manager.Publish(ctx, peerOptions())
	return s.startMonitor()
}

// onlineDialogue prints the lines of the script while a cluster goes online. The
// steps of a plan are finer than they; only the heartbeat, which takes its time,
// gets its line before it is done.
type onlineDialogue struct {
	*service
	registered bool // the lines before the heartbeat are printed
	beating    bool // that of the heartbeat is begun
}

func (d *onlineDialogue) observe(e plan.Event) error {
	starts := e.Step.Kind == plan.StartRegions || e.Step.Kind == plan.StopRegions
	if e.Phase == plan.Doing && starts && !d.beating {
		d.sayRegistered()
		d.beginHeartbeat()
	}
	return nil
}

func (d *onlineDialogue) sayRegistered() {
	if d.registered {
		return
	}
	d.registered = true
	d.say(`Setting cluster stack "o2cb": OK`)
	d.say(`Registering O2CB cluster "%s": OK`, d.cluster)
	d.say("Setting O2CB cluster timeouts : OK")
}

func (d *onlineDialogue) beginHeartbeat() {
	d.beating = true
	fmt.Fprintf(d.std.out, `Starting global heartbeat for cluster "%s": `, d.cluster)
}

// succeed ends the dialogue. A cluster with global heartbeat is gone through again
// each time, also when nothing is left to do: that is how a change of its nodes
// and regions has always been brought in.
func (d *onlineDialogue) succeed(report libo2cb.Report, have *cluster.Cluster) {
	global := have != nil && have.Mode() == cluster.GlobalHeartbeat
	if len(report.Steps)+len(report.Completed) == 0 && !global {
		d.say(`Setting cluster stack "o2cb": OK`)
		d.say("Cluster %s already online", d.cluster)
		return
	}
	d.sayRegistered()
	if global && !d.beating {
		d.beginHeartbeat()
	}
	if d.beating {
		d.say("OK")
	}
}

// fail ends the dialogue when it did not come to its end. A living cluster that
// the files have left behind is online all the same, and a start of what runs is
// no failure: what cannot be brought in without taking it down is said.
func (d *onlineDialogue) fail(err error) error {
	var differs *libo2cb.NeedsOfflineError
	switch {
	case errors.As(err, &differs):
		d.say(`Setting cluster stack "o2cb": OK`)
		d.say("Cluster %s already online", d.cluster)
		fmt.Fprintf(d.std.err, "o2cb_ctl: warning: %s\n", visible(differs.Error()))
		return nil
	case d.beating:
		d.say("Failed")
	default:
		d.say(`Registering O2CB cluster "%s": Failed`, d.cluster)
	}
	return explainFindings(d.std.err, err, true)
}
