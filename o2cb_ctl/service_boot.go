// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	file "github.com/o2cb-go/o2cb/libo2cb/settings"
)

// enable has the service start at boot, and starts it.
func (s *service) enable() error {
	if !s.set.Enabled {
		if err := s.setEnabled(true); err != nil {
			return err
		}
	}
	return s.start()
}

// disable has it not start at boot, and stops it.
func (s *service) disable() error {
	if err := s.setEnabled(false); err != nil {
		return err
	}
	return s.stop()
}

// setEnabled writes the settings, unless they say so already.
func (s *service) setEnabled(enabled bool) error {
	edited, err := file.EnableBoot(s.ctx, s.from, enabled)
	if err != nil {
		s.say("Writing O2CB configuration: Failed")
		return err
	}
	if edited.Created || len(edited.Changed) > 0 {
		s.say("Writing O2CB configuration: OK")
	}
	s.set.Enabled = enabled
	return nil
}

// isEnabled says whether a boot starts the service.
func (s *service) isEnabled() error {
	s.say("%s", word(s.set.Enabled, "enabled", "disabled"))
	if !s.set.Enabled {
		return silentError{1}
	}
	return nil
}

// startBoot starts what the settings start at boot, as the init script does.
func (s *settings) startBoot(ctx context.Context) error {
	boot := newServiceAction(ctx, s)
	return boot.run("start", "")
}

// newServiceAction returns an action that minds o2hbmonitor, where that is this
// machine's.
func newServiceAction(ctx context.Context, s *settings) *service {
	return &service{settings: s, ctx: ctx, monitor: s.root == "/"}
}

// staysStopped says that a restart does not start again. The C script does not say it.
func (s *service) staysStopped() {
	fmt.Fprintf(s.std.err, "o2cb_ctl: stays stopped: %s in %s is not true (o2cb_ctl service enable)\n", file.Enabled, s.from)
}
