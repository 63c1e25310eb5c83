// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

// Exit statuses of an init script. LSB 5.0, Core, 22.2: Init Script Actions.
const (
	lsbFailed        = 1
	lsbNoPrivilege   = 4
	lsbNotConfigured = 6
	lsbNotRunning    = 7 // of actions; of status it is 3
)

// service is one action of the init script: what it says, in the words of the C
// tools' script, on top of the library.
type service struct {
	*settings
	manager *libo2cb.Manager
	cluster string // as it was named; empty for the one of the settings
	alone   bool   // o2hbmonitor is somebody else's to start
}

// serviceAction is one action and what it does.
type serviceAction struct {
	name string
	run  func(*service, context.Context) error
}

// serviceActions are all of them, those of the C tools' script first, in its order.
func serviceActions() []serviceAction {
	return []serviceAction{
		{"start", (*service).start},
		{"stop", (*service).stop},
		{"restart", (*service).restart},
		{"force-reload", (*service).restart},
		{"enable", (*service).enable},
		{"disable", (*service).disable},
		{"load", (*service).load},
		{"unload", (*service).stop},
		{"online", (*service).loadOnline},
		{"offline", (*service).offline},
		{"force-offline", (*service).forceOffline},
		{"status", (*service).status},
		{"online-status", (*service).onlineStatus},
		{"reload", (*service).reload},
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
	var alone bool
	cmd := &cobra.Command{
		Use:   "service ACTION [CLUSTER]",
		Short: "Do what the init script does, in its words",
		Long: `service is what /etc/init.d/o2cb calls: an action of it, with the lines that it
prints and the exit status that the LSB lays down. People have better verbs.

CLUSTER may be left out: it is O2CB_BOOTCLUSTER of the settings file then, and for
what takes down or shows, without that, the one that is online.

  start          load and online, if O2CB_ENABLED is true; else nothing
  stop, unload   offline, then undo load
  restart, force-reload
                 stop, then start
  reload         make the running cluster like its file, where it can live
  enable         set O2CB_ENABLED to true, then start
  disable        set O2CB_ENABLED to false, then stop
  load           load the modules and mount their file systems
  online         load, then put the cluster into the kernel; again: what differs
  offline        take the cluster out; refuses, and names them, while it has users
  force-offline  the same, but ends its users first, as offline --force does
  status         show what runs
  online-status  one word: online (0), offline (1) or error (2)
  is-enabled     one word: enabled (0) or disabled (1), by O2CB_ENABLED

A file that the C tools would take goes online, as with --permissive, so that an
upgrade does not stop a boot; what is wrong with it is told.

Exit status:
  0  done, or nothing had to be
  1  refused or failed, or no such action
  3  of status: no cluster is online
  4  only root may do this
  5  of the init script: o2cb_ctl is not installed
  6  not configured: settings with errors, no file, no such cluster
  7  of reload: no cluster is online
  255  of is-enabled: the settings cannot be read`,
		Example: `  o2cb_ctl service start
  o2cb_ctl service online web
  o2cb_ctl service status`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			all := serviceActions()
			i := slices.IndexFunc(all, func(a serviceAction) bool { return a.name == args[0] })
			if i < 0 {
				return usageError{fmt.Errorf("no action %q: one of %s", args[0], strings.Join(serviceActionNames(), ", "))}
			}
			v := &service{settings: s, manager: s.manager(true), cluster: optional(args[1:]), alone: alone}
			ctx, stop := steadfast(cmd.Context())
			defer stop()
			return lsb(s.std.err, all[i].run(v, ctx))
		},
	}
	cmd.Flags().BoolVar(&alone, "no-monitor", false, "start no o2hbmonitor: it is a service of its own")
	return cmd
}

// say prints a line of the dialogue. Nobody is left to be told when that fails.
func (v *service) say(format string, args ...any) { fmt.Fprintf(v.std.out, format+"\n", args...) }

// lsb gives an error the exit status of an init script, and prints the findings that
// it is about.
func lsb(w io.Writer, err error) error {
	if err == nil || errors.As(err, new(silentError)) || errors.As(err, new(statusError)) {
		return err
	}
	status := lsbFailed
	switch {
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		status = lsbNoPrivilege
	case errors.As(err, new(*libo2cb.UnknownClusterError)), errors.As(err, new(*libo2cb.OtherStackError)),
		errors.As(err, new(*conf.InvalidError)), errors.As(err, new(*cluster.InvalidError)):
		status = lsbNotConfigured
	}
	return statusError{status, explainFindings(w, err, true)}
}
