// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/peers"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// asked returns what runs, and the cluster that is asked about: the named one, that
// of the settings, or the one in the kernel. It is empty when there is none.
func (v *service) asked(ctx context.Context) (st libo2cb.Status, name string, err error) {
	if st, err = v.manager.Status(ctx); err != nil {
		return st, "", err
	}
	s, _, _, err := v.manager.Settings()
	if err != nil {
		return st, "", err
	}
	return st, cmp.Or(v.cluster, s.BootCluster, onlineName(st)), nil
}

// isOnline tells whether the cluster of that name is online.
func isOnline(st libo2cb.Status, name string) bool {
	return st.Online && st.Cluster != nil && st.Cluster.Name == name
}

// onlineStatus says in one word what scripts ask for: with status 0, 1 or 2.
func (v *service) onlineStatus(ctx context.Context) error {
	st, name, err := v.asked(ctx)
	switch {
	case err != nil:
		v.say("error")
		return statusError{2, err}
	case isOnline(st, name):
		v.say("online")
		return nil
	}
	v.say("offline")
	return silentError{1}
}

// isEnabled says whether start does anything. Its statuses are those of ExecCondition
// in systemd.service(5): 1 skips the unit, 255 fails it.
func (v *service) isEnabled(context.Context) error {
	s, _, err := v.readSettings()
	if err != nil {
		return statusError{255, err}
	}
	v.say("%s", choice(s.Enabled, "enabled", "disabled"))
	if !s.Enabled {
		return silentError{1}
	}
	return nil
}

// status shows what runs, in the words of the script.
func (v *service) status(ctx context.Context) error {
	st, name, err := v.asked(ctx)
	if err != nil {
		return err
	}
	v.sayStack(st.Stack)
	if name == "" {
		return silentError{statusOffline}
	}
	online := isOnline(st, name)
	v.say(`Checking O2CB cluster "%s": %s`, name, choice(online, "Online", "Offline"))
	if online {
		v.sayCluster(st.Cluster)
	}
	var joined []string
	for _, d := range st.Domains {
		if d.Name != peers.DomainName || len(d.Holders) > 0 {
			joined = append(joined, d.Name)
		}
	}
	if len(joined) > 0 {
		v.say("Active userdlm domains:  %s", strings.Join(joined, " "))
	}
	v.say("Debug file system at /sys/kernel/debug: %s", choice(st.Stack.DebugFS != "", "mounted", "not mounted"))
	if !online {
		return silentError{statusOffline}
	}
	return nil
}

// sayStack prints the state of drivers and file systems.
func (v *service) sayStack(st stack.State) {
	v.sayFilesystem("configfs", st.HasConfigFS, st.ConfigFS)
	if st.ClusterStack != "" {
		v.say("Stack glue driver: Loaded")
		v.say("Stack plugin %q: %s", stack.Label, choice(st.SupportsStack, "Loaded", "Not loaded"))
	}
	v.sayFilesystem("ocfs2_dlmfs", st.HasDLMFS, st.DLMFS)
}

func (v *service) sayFilesystem(name string, loaded bool, mountPoint string) {
	v.say("Driver for %q: %s", name, choice(loaded, "Loaded", "Not loaded"))
	if loaded {
		v.say("Filesystem %q: %s", name, choice(mountPoint != "", "Mounted", "Not mounted"))
	}
}

// sayCluster prints what runs of a cluster that is online.
func (v *service) sayCluster(c *libo2cb.ClusterStatus) {
	global := c.HeartbeatMode == cluster.GlobalHeartbeat
	v.say("  Heartbeat dead threshold: %d", c.Timing.DeadThreshold)
	v.say("  Network idle timeout: %d", c.Timing.IdleTimeoutMS)
	v.say("  Network keepalive delay: %d", c.Timing.KeepaliveDelayMS)
	v.say("  Network reconnect delay: %d", c.Timing.ReconnectDelayMS)
	v.say("  Heartbeat mode: %s", choice(global, "Global", "Local"))
	v.say("Checking O2CB heartbeat: %s", choice(len(c.Regions) > 0, "Active", "Not active"))
	if !global || len(c.Regions) == 0 {
		return
	}
	for _, r := range c.Regions {
		v.say("  %s /dev/%s", r.Name, r.Device)
	}
	var live strings.Builder
	for _, n := range c.Nodes {
		if n.Live != nil && *n.Live {
			fmt.Fprintf(&live, "%d ", n.Number)
		}
	}
	v.say("Nodes in O2CB cluster: %s", &live)
}

// choice returns the first text when is holds, and else the second.
func choice(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}
