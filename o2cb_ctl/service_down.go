// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// stop takes the cluster offline and unloads the stack.
func (v *service) stop(ctx context.Context) error {
	if err := v.offline(ctx); err != nil {
		return err
	}
	unloaded, err := v.manager.Unload(ctx)
	for _, a := range unloaded.Actions {
		if line := unloadLine(a); line != "" {
			v.say("%s: OK", line)
		}
	}
	if err != nil {
		v.say(`Unloading cluster stack "%s": Failed`, stack.Label)
		return err
	}
	if err := os.Remove(v.path(subsysLock)); err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTDIR) {
		return err
	}
	return nil
}

// unloadLine returns what the script says of an action of Unload.
func unloadLine(a stack.Action) string {
	switch a.Verb {
	case stack.RemoveModule:
		return fmt.Sprintf("Unloading module %q", a.Object)
	case stack.Unmounting:
		return fmt.Sprintf("Unmounting %s filesystem", filesystemOn(a.Object))
	case stack.RemoveDir:
		return fmt.Sprintf("Removing directory '%s'", a.Object)
	}
	return ""
}

// offline takes the cluster out of the kernel, unless somebody uses it. A cluster
// that is not there is offline.
func (v *service) offline(ctx context.Context) error {
	st, err := v.manager.Status(ctx)
	if err != nil {
		return err
	}
	report, err := v.manager.Offline(ctx, v.cluster)
	if errors.As(err, new(*libo2cb.NotOnlineError)) {
		return nil
	}
	if err != nil {
		if st.Cluster != nil {
			v.say("Stopping O2CB cluster %s: Failed", st.Cluster.Name)
		}
		return err
	}
	if report.Cluster == "" || st.Cluster == nil {
		return nil
	}
	if st.Stack.DLMFS != "" {
		v.say("Clean userdlm domains: OK")
	}
	if st.Cluster.HeartbeatMode == cluster.GlobalHeartbeat {
		v.say(`Stopping global heartbeat on cluster "%s": OK`, report.Cluster)
	}
	v.say("Stopping O2CB cluster %s: OK", report.Cluster)
	v.say(`Unregistering O2CB cluster "%s": OK`, report.Cluster)
	if v.root != "/" {
		return nil
	}
	return heartbeat.StopMonitor()
}

// forceOffline ends those who use the cluster, then takes it offline.
func (v *service) forceOffline(ctx context.Context) error {
	_, err := v.manager.Evict(ctx, v.cluster, libo2cb.NewLadder(libo2cb.DefaultGrace), func(e libo2cb.Eviction) { v.say("%s", e) })
	if err != nil && !errors.As(err, new(*libo2cb.NotOnlineError)) {
		if st, statusErr := v.manager.Status(ctx); statusErr == nil && st.Cluster != nil {
			v.say("Stopping O2CB cluster %s: Failed", st.Cluster.Name)
		}
		return err
	}
	return v.offline(ctx)
}
