// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// stop takes the cluster offline and unloads the stack. It refuses while anybody
// uses it, and touches nothing then.
func (s *service) stop() error {
	if err := s.offline(); err != nil {
		return err
	}
	return s.unload()
}

// offline takes the cluster out of the kernel.
func (s *service) offline() error { return s.takeDown(&force{}) }

// forceOffline does it although somebody uses it.
func (s *service) forceOffline() error {
	return s.takeDown(&force{on: true, grace: libo2cb.DefaultGrace})
}

// takeDown takes the named cluster out of the kernel; whichever is there, when
// none is named. One that is not there is offline already.
func (s *service) takeDown(by *force) error {
	have, err := s.manager(true).Registered()
	if err != nil {
		return err
	}
	domains, err := s.hasDomains()
	if err != nil {
		return err
	}
	switch {
	case have == nil:
		s.sayCleaned(domains)
		return nil
	case s.named != "" && s.named != have.Name:
		return nil
	}
	done, err := by.offline(s.ctx, s.settings, have.Name, false)
	if err != nil {
		s.say("Stopping O2CB cluster %s: Failed", have.Name)
		return err
	}
	s.sayCleaned(domains)
	if have.Mode() == cluster.GlobalHeartbeat && stopsRegions(done.Steps) {
		s.say(`Stopping global heartbeat on cluster "%s": OK`, have.Name)
	}
	s.say("Stopping O2CB cluster %s: OK", have.Name)
	s.say(`Unregistering O2CB cluster "%s": OK`, have.Name)
	return s.stopMonitor()
}

// hasDomains tells whether dlmfs is there, where lock domains are.
func (s *service) hasDomains() (bool, error) {
	status, err := s.manager(true).Status(s.ctx)
	return status.Stack.DLMFS != "", err
}

// sayCleaned prints the line about lock domains. There are none without a cluster;
// the script says it whenever there could be.
func (s *service) sayCleaned(domains bool) {
	if domains {
		s.say("Clean userdlm domains: OK")
	}
}

func stopsRegions(steps []plan.Step) bool {
	return slices.ContainsFunc(steps, func(step plan.Step) bool { return step.Kind == plan.StopRegions })
}
