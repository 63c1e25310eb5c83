// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	file "github.com/o2cb-go/o2cb/libo2cb/settings"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// Exit statuses of an init script: "Init Script Actions" in the LSB's Core
// specification. The script itself has one more, 5, for a program that is not
// installed; statusOffline is that of the action status.
const (
	serviceFailed        = 1
	servicePrivilege     = 4
	serviceNotConfigured = 6
	serviceNotRunning    = 7

	// Of is-enabled, for systemd: 1 passes a unit over, this one fails it.
	// ExecCondition= in systemd.service(5).
	conditionFailed = 255
)

// service is one action of the init script.
type service struct {
	*settings
	ctx     context.Context
	set     *file.Settings // what the settings file says
	from    string         // that file
	named   string         // the cluster on the command line; empty for none
	cluster string         // that one, or the boot cluster; empty for none
	monitor bool           // whether o2hbmonitor goes with the cluster
}

// serviceActions returns what the init script can be told, in the order of its
// usage, and what does it.
func serviceActions() []struct {
	name string
	do   func(*service) error
} {
	return []struct {
		name string
		do   func(*service) error
	}{
		{"start", (*service).start},
		{"stop", (*service).stop},
		{"restart", (*service).restart},
		{"force-reload", (*service).restart},
		{"reload", (*service).reload},
		{"enable", (*service).enable},
		{"disable", (*service).disable},
		{"load", (*service).load},
		{"unload", (*service).stop},
		{"online", (*service).online},
		{"offline", (*service).offline},
		{"force-offline", (*service).forceOffline},
		{"status", (*service).status},
		{"online-status", (*service).onlineStatus},
		{"is-enabled", (*service).isEnabled},
	}
}

func serviceActionNames() []string {
	var names []string
	for _, a := range serviceActions() {
		names = append(names, a.name)
	}
	return names
}

func newService(s *settings) *cobra.Command {
	var noMonitor bool
	cmd := &cobra.Command{
		Use:   "service ACTION [CLUSTER]",
		Short: "Do what the init script was told: start, stop, status …",
		Long: `service does what /etc/init.d/o2cb is told, prints what that script always printed,
and exits as the LSB wants it. CLUSTER is O2CB_BOOTCLUSTER of the settings
(/etc/sysconfig/o2cb or /etc/default/o2cb) when it is left out.

  start          if O2CB_ENABLED is true: load, and online if a cluster is named
  stop, unload   offline, then unload
  restart, force-reload
                 stop, then start
  reload         bring what differs from the file into the running cluster
  enable         set O2CB_ENABLED to true, then start
  disable        set O2CB_ENABLED to false, then stop
  load           modules, configfs, dlmfs
  online         load, then put the cluster into the kernel; start the global heartbeat
  offline        take the cluster out of the kernel; refuse while it is in use
  force-offline  the same, but ask, terminate and kill whoever is in the way
  status         what is loaded, and whether the cluster is online
  online-status  one word: online, offline or error
  is-enabled     one word: enabled or disabled

Nobody is stopped without force-offline: who is in the way is named. With --no-monitor
o2hbmonitor is neither started nor stopped with the cluster; it has a unit of its own
under systemd.

Exit status:
  0  done, or it was so already
  1  refused or failed; online-status: offline; is-enabled: disabled
  2  online-status: error
  3  status: the cluster is not online
  4  not root
  6  not configured: no such cluster, or files with errors
  7  reload: not running
  255  is-enabled: the settings cannot be read`,
		Example: `  o2cb_ctl service start
  o2cb_ctl service online web
  o2cb_ctl service status`,
		Args:      cobra.RangeArgs(1, 2),
		ValidArgs: serviceActionNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			action := newServiceAction(cmd.Context(), s)
			action.monitor = action.monitor && !noMonitor
			return action.run(args[0], optional(args[1:]))
		},
	}
	cmd.Flags().BoolVar(&noMonitor, "no-monitor", false, "leave o2hbmonitor alone")
	return cmd
}

// run does one action. A failure carries the exit status of an init script.
func (s *service) run(action, clusterName string) error {
	for _, a := range serviceActions() {
		if a.name != action {
			continue
		}
		err := s.read(clusterName)
		switch {
		case err != nil && action == "is-enabled":
			return statusError{conditionFailed, err}
		case err == nil:
			err = a.do(s)
		}
		return withServiceStatus(err)
	}
	return usageError{fmt.Errorf("unknown action %q; one of %s", action, strings.Join(serviceActionNames(), ", "))}
}

// read reads the settings.
func (s *service) read(clusterName string) error {
	var err error
	if s.from, err = file.Path(s.root); err != nil {
		return err
	}
	var findings file.Findings
	if s.set, findings, err = file.Load(s.from); err != nil {
		return err
	}
	if err := findings.ErrPermissive(); err != nil {
		return err
	}
	if s.set.Stack != "" && s.set.Stack != stack.Label {
		return statusError{serviceNotConfigured, fmt.Errorf("%s names the cluster stack %s in %s, and this program runs %s; the user stacks are started by their cluster manager, pacemaker",
			s.from, s.set.Stack, file.Stack, stack.Label)}
	}
	s.named, s.cluster = clusterName, cmp.Or(clusterName, s.set.BootCluster)
	return nil
}

// say prints a line of the dialogue.
func (s *service) say(format string, args ...any) {
	fmt.Fprintf(s.std.out, format+"\n", args...)
}

// withServiceStatus gives a failure the exit status of an init script, unless it has one.
func withServiceStatus(err error) error {
	var silent silentError
	var status statusError
	if err == nil || errors.As(err, &silent) || errors.As(err, &status) {
		return err
	}
	return statusError{serviceStatus(err), err}
}

func serviceStatus(err error) int {
	switch {
	case os.Geteuid() != 0 && (errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM)):
		return servicePrivilege
	case isMisconfigured(err):
		return serviceNotConfigured
	}
	return serviceFailed
}

// isMisconfigured tells whether it is the files that have to be mended.
func isMisconfigured(err error) bool {
	var invalid *conf.InvalidError
	var settings *file.InvalidError
	var unknown *libo2cb.UnknownClusterError
	var node *libo2cb.UnknownNodeError
	var local *cluster.LocalNodeError
	var address *libo2cb.LocalAddressError
	return errors.As(err, &invalid) || errors.As(err, &settings) || errors.As(err, &unknown) ||
		errors.As(err, &node) || errors.As(err, &local) || errors.As(err, &address)
}
