// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	file "github.com/o2cb-go/o2cb/libo2cb/settings"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// subsysLock tells the rc scripts of Red Hat's kin that there is something to stop
// at shutdown.
const subsysLock = "/var/lock/subsys/o2cb"

// readSettings returns the settings, which must be free of errors: half a file would
// start half of what was meant.
func (v *service) readSettings() (*file.Settings, string, error) {
	s, path, findings, err := v.manager.Settings()
	if err == nil {
		err = findings.ErrPermissive()
	}
	return s, path, err
}

// start does nothing unless the settings say that O2CB is to start.
func (v *service) start(ctx context.Context) error {
	s, _, err := v.readSettings()
	if err != nil || !s.Enabled {
		return err
	}
	if err := v.load(ctx); err != nil {
		return err
	}
	if cmp.Or(v.cluster, s.BootCluster) == "" {
		v.say("Cluster not known") // loaded only, as the settings have it
		return nil
	}
	return v.online(ctx)
}

func (v *service) restart(ctx context.Context) error {
	if err := v.stop(ctx); err != nil {
		return err
	}
	s, path, err := v.readSettings()
	if err == nil && !s.Enabled {
		fmt.Fprintf(v.std.err, "o2cb_ctl: stays stopped: %s in %s is not true (o2cb_ctl service enable)\n", file.Enabled, path)
		return nil
	}
	return v.start(ctx)
}

func (v *service) loadOnline(ctx context.Context) error {
	if err := v.load(ctx); err != nil {
		return err
	}
	return v.online(ctx)
}

func (v *service) load(ctx context.Context) error {
	v.say("checking debugfs...")
	actions, err := v.manager.Load(ctx)
	for _, a := range actions {
		if line := loadLine(a); line != "" && !a.Already {
			v.say("%s: OK", line)
		}
	}
	if err != nil {
		v.say(`Loading cluster stack "%s": Failed`, stack.Label)
		return err
	}
	return v.touchLock()
}

// loadLine returns what the script says of an action of Load, and nothing where it
// says nothing.
func loadLine(a stack.Action) string {
	switch {
	case a.Verb == stack.LoadModule && (a.Object == "configfs" || a.Object == "ocfs2_dlmfs"):
		return fmt.Sprintf("Loading filesystem %q", a.Object)
	case a.Verb == stack.LoadModule && strings.HasPrefix(a.Object, "ocfs2_stack_"):
		return fmt.Sprintf("Loading stack plugin %q", strings.TrimPrefix(a.Object, "ocfs2_stack_"))
	case a.Verb == stack.MakeDir:
		return fmt.Sprintf("Creating directory '%s'", a.Object)
	case a.Verb == stack.Mounting && filesystemOn(a.Object) != "debugfs":
		return fmt.Sprintf("Mounting %s filesystem at %s", filesystemOn(a.Object), a.Object)
	}
	return ""
}

// filesystemOn returns the pseudo file system that Load has on a directory.
func filesystemOn(dir string) string {
	switch path.Base(dir) {
	case "config":
		return "configfs"
	case "debug":
		return "debugfs"
	}
	return "ocfs2_dlmfs"
}

// touchLock makes the lock file of the rc scripts where they want one.
func (v *service) touchLock() error {
	name := v.path(subsysLock)
	if _, err := os.Stat(path.Dir(name)); err != nil {
		return nil // there are no such scripts
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

// online puts the cluster into the kernel, or makes it what the file says.
func (v *service) online(ctx context.Context) error {
	s, path, err := v.readSettings()
	if err != nil {
		return err
	}
	name := cmp.Or(v.cluster, s.BootCluster)
	if name == "" {
		v.say("Cluster not known")
		return statusError{lsbNotConfigured, fmt.Errorf("name a cluster, or set %s in %s (o2cb_ctl configure)", file.BootCluster, path)}
	}
	v.say(`Setting cluster stack "%s": OK`, stack.Label)
	if _, err := os.Stat(v.path(v.config)); errors.Is(err, unix.ENOENT) {
		v.say("Checking O2CB cluster configuration : Failed")
		return statusError{lsbNotConfigured, err}
	}
	return v.reach(ctx, name)
}

// reach makes the kernel's cluster what the file says, and prints the lines of that.
func (v *service) reach(ctx context.Context, name string) error {
	report, err := v.manager.Online(ctx, name)
	printWarnings(v.std.err, report.Findings)
	printWarnings(v.std.err, report.SettingsFindings)
	global, statusErr := v.isGlobal(ctx)
	if err != nil {
		v.sayFailed(name, err)
		return err
	}
	if statusErr != nil {
		return statusErr
	}
	if !report.Changed() && !global {
		v.say("Cluster %s already online", name)
	} else {
		v.say(`Registering O2CB cluster "%s": OK`, name)
		v.say("Setting O2CB cluster timeouts : OK")
		if global {
			v.say(`Starting global heartbeat for cluster "%s": OK`, name)
		}
	}
	v.publishAfter(ctx, "o2cb_ctl online")
	return v.monitor()
}

func (v *service) isGlobal(ctx context.Context) (bool, error) {
	st, err := v.manager.Status(ctx)
	return err == nil && st.Cluster != nil && st.Cluster.HeartbeatMode == cluster.GlobalHeartbeat, err
}

// sayFailed prints the lines up to the one that failed. What they say was done is
// undone by then.
func (v *service) sayFailed(name string, err error) {
	kind := plan.CreateCluster
	if e, ok := errors.AsType[*plan.ApplyError](err); ok && e.Step != nil {
		kind = e.Step.Kind
	}
	registering := fmt.Sprintf(`Registering O2CB cluster "%s"`, name)
	const timeouts = "Setting O2CB cluster timeouts "
	switch kind {
	case plan.SetTiming:
		v.say("%s: OK\n%s: Failed", registering, timeouts)
	case plan.StartRegions, plan.StopRegions:
		v.say("%s: OK\n%s: OK\nStarting global heartbeat for cluster \"%s\": Failed", registering, timeouts, name)
	default:
		v.say("%s: Failed", registering)
	}
}

// monitor starts o2hbmonitor, unless it runs. A cluster works without.
func (v *service) monitor() error {
	if v.root != "/" || v.alone {
		return nil
	}
	err := hbMonitor{percent: defaultPercent}.daemonize(v.std)
	if err != nil && !errors.Is(err, heartbeat.ErrMonitorRuns) {
		fmt.Fprintf(v.std.err, "o2cb_ctl: %s does not start: %v\n", monitorName, err)
	}
	return nil
}

// reload makes the running cluster what its file says.
func (v *service) reload(ctx context.Context) error {
	st, err := v.manager.Status(ctx)
	if err != nil {
		return err
	}
	name := v.cluster
	if st.Cluster != nil && name == "" {
		name = st.Cluster.Name
	}
	if st.Cluster == nil || st.Cluster.Name != name {
		return statusError{lsbNotRunning, &libo2cb.NotOnlineError{Name: cmp.Or(name, "to reload"), Online: onlineName(st)}}
	}
	return v.reach(ctx, name)
}

func onlineName(st libo2cb.Status) string {
	if st.Cluster == nil {
		return ""
	}
	return st.Cluster.Name
}

// enable and disable write what they say, unless it stands there already.
func (v *service) enable(ctx context.Context) error {
	if err := v.setEnabled(ctx, "true"); err != nil {
		return err
	}
	return v.start(ctx)
}

func (v *service) disable(ctx context.Context) error {
	if err := v.setEnabled(ctx, "false"); err != nil {
		return err
	}
	return v.stop(ctx)
}

func (v *service) setEnabled(ctx context.Context, value string) error {
	_, path, _, err := v.manager.Settings()
	if err != nil {
		return err
	}
	_, err = v.writeSettings(ctx, path, func(t *file.Text) { t.Set(file.Enabled, value) })
	return err
}

// writeSettings edits the settings file and says so, and nothing when it says already
// what it should.
func (s *settings) writeSettings(ctx context.Context, path string, edit func(*file.Text)) (changed bool, err error) {
	err = file.Edit(ctx, path, func(t *file.Text) error {
		before := t.String()
		edit(t)
		changed = t.String() != before
		return nil
	})
	switch {
	case err != nil:
		fmt.Fprintln(s.std.out, "Writing O2CB configuration: Failed")
	case changed:
		fmt.Fprintln(s.std.out, "Writing O2CB configuration: OK")
	}
	return changed, err
}
