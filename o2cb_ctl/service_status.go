// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/peers"
)

// status prints what is loaded, whether the cluster is online, and who beats. Its
// exit status says whether the cluster is online.
func (s *service) status() error {
	st, err := s.settings.status(s.ctx, false)
	if err != nil {
		return err
	}
	s.sayDrivers(st)
	if s.cluster == "" && st.Cluster != nil {
		s.cluster = st.Cluster.Name
	}
	if s.cluster == "" {
		return silentError{statusOffline}
	}
	online := s.isOnline(st)
	s.sayCluster(st, online)
	s.sayDomains(st)
	s.say("Debug file system at /sys/kernel/debug: %s", word(st.Stack.DebugFS != "", "mounted", "not mounted"))
	if !online {
		return silentError{statusOffline}
	}
	return nil
}

// isOnline tells whether it is the cluster in question that is online.
func (s *service) isOnline(st libo2cb.Status) bool {
	return st.Online && st.Cluster.Name == s.cluster
}

// onlineStatus prints one word, and has an exit status for each.
func (s *service) onlineStatus() error {
	st, err := s.manager(true).Status(s.ctx)
	switch {
	case err != nil:
		s.say("error")
		return statusError{2, err}
	case s.cluster == "" && st.Online, s.isOnline(st):
		s.say("online")
		return nil
	}
	s.say("offline")
	return silentError{1}
}

// word returns one of two words.
func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func (s *service) sayDrivers(st libo2cb.Status) {
	s.sayFileSystem("configfs", st.Stack.HasConfigFS, st.Stack.ConfigFS != "")
	if st.Stack.ClusterStack != "" {
		s.say("Stack glue driver: Loaded")
		s.say(`Stack plugin "o2cb": %s`, word(st.Stack.SupportsStack, "Loaded", "Not loaded"))
	}
	s.sayFileSystem("ocfs2_dlmfs", st.Stack.HasDLMFS, st.Stack.DLMFS != "")
}

func (s *service) sayFileSystem(name string, loaded, mounted bool) {
	s.say(`Driver for "%s": %s`, name, word(loaded, "Loaded", "Not loaded"))
	if loaded {
		s.say(`Filesystem "%s": %s`, name, word(mounted, "Mounted", "Not mounted"))
	}
}

func (s *service) sayCluster(st libo2cb.Status, online bool) {
	s.say(`Checking O2CB cluster "%s": %s`, s.cluster, word(online, "Online", "Offline"))
	if !online {
		return
	}
	c := st.Cluster
	global := c.HeartbeatMode == cluster.GlobalHeartbeat
	s.say("  Heartbeat dead threshold: %d", c.Timing.DeadThreshold)
	s.say("  Network idle timeout: %d", c.Timing.IdleTimeoutMS)
	s.say("  Network keepalive delay: %d", c.Timing.KeepaliveDelayMS)
	s.say("  Network reconnect delay: %d", c.Timing.ReconnectDelayMS)
	s.say("  Heartbeat mode: %s", word(global, "Global", "Local"))
	s.say("Checking O2CB heartbeat: %s", word(len(c.Regions) > 0, "Active", "Not active"))
	if !global || len(c.Regions) == 0 {
		return
	}
	for _, r := range c.Regions {
		s.say("  %s /dev/%s", r.Name, r.Device)
	}
	if st.Stack.DebugFS != "" {
		s.sayLiveNodes(c.Nodes)
	}
}

// sayLiveNodes prints the numbers of the nodes that beat, each with a blank behind.
func (s *service) sayLiveNodes(nodes []libo2cb.NodeStatus) {
	var b strings.Builder
	for _, n := range nodes {
		if n.Live != nil && *n.Live {
			fmt.Fprintf(&b, "%d ", n.Number)
		}
	}
	s.say("Nodes in O2CB cluster: %s", b.String())
}

func (s *service) sayDomains(st libo2cb.Status) {
	var names []string
	for _, d := range st.Domains {
		if d.Name != peers.DomainName {
			names = append(names, d.Name)
		}
	}
	if len(names) > 0 {
		s.say("Active userdlm domains:  %s", strings.Join(names, " "))
	}
}
