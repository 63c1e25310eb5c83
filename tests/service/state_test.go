// SPDX-License-Identifier: Apache-2.0

package service

import (
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
	"golang.org/x/sys/unix"
)

// The files that the script reads, as most states have them. The timeouts are low
// so that a node is soon what it should be.
const (
	settings = `# kept by whoever edits this file
O2CB_ENABLED=true
O2CB_BOOTCLUSTER=web
O2CB_HEARTBEAT_THRESHOLD=7
O2CB_IDLE_TIMEOUT_MS=5000
O2CB_KEEPALIVE_DELAY_MS=1000
O2CB_RECONNECT_DELAY_MS=2000
`
	settingsPath = "/etc/default/o2cb"
	mountPoint   = "/mnt/volume"
)

// state is what a node is like when the script is called.
type state struct {
	enter    string // shell commands, from a node with the files and nothing loaded
	settings string
	noConfig bool
	global   bool
	lock     bool // a process holds a lock besides
	user     int  // who calls the script
}

const nobody = 65534

// states are those in which each action is tried. A heartbeat takes ten seconds to
// start, so a state in which one runs is entered again only when an action left it.
func states() map[string]state {
	const online = script + " online web >/dev/null\n"
	return map[string]state{
		"nothing loaded":   {settings: settings},
		"loaded":           {settings: settings, enter: script + " load >/dev/null"},
		"online":           {settings: settings, enter: online},
		"mounted":          {settings: settings, enter: online + "mount -t ocfs2 /dev/ubda " + mountPoint},
		"lock held":        {settings: settings, enter: online + "ocfs2_hb_ctl -S -d /dev/ubda test", lock: true},
		"global heartbeat": {settings: settings, enter: online, global: true},
		"no configuration": {settings: settings, noConfig: true},
		"not root":         {settings: settings, enter: online, user: nobody},
		"not enabled":      {settings: strings.Replace(settings, "true", "false", 1)},
		"no boot cluster":  {settings: strings.Replace(settings, "=web", "=", 1)},
	}
}

// everyAction is all that the script can be told, those that take something down last.
// What asks, configure, is typed in TestSession.
var everyAction = []string{"status", "online-status", "load", "online", "start", "enable",
	"offline", "unload", "stop", "restart", "force-reload", "disable", "force-offline"}

// actions are the command lines of a state: every action, and a few more with the name
// of a cluster that there is not.
func actions(name string) []string {
	switch name {
	case "nothing loaded":
		return append([]string{"", "bogus", "reload", "start nope", "stop nope", "unload nope", "restart nope", "force-offline nope",
			"online nope", "offline nope", "status nope", "online-status nope"}, everyAction...)
	case "loaded", "online":
		return append([]string{"online nope", "offline nope", "status nope", "online-status nope", "force-offline nope"}, everyAction...)
	case "no boot cluster":
		return append([]string{"online web", "offline web"}, everyAction...)
	case "global heartbeat":
		return []string{"status", "online", "start", "stop"}
	}
	return everyAction
}

// host is a node with one of the two scripts.
type host struct {
	*lab.Node
	t      *testing.T
	in     string       // the state that it is in; empty for none
	looks  string       // what it looked like when it was entered
	holder *lab.Process // of the lock
}

// look tells what a script can change, but for what it prints.
const look = `
echo settings; cat ` + settingsPath + ` 2>/dev/null
echo cluster; cd /sys/kernel/config/cluster 2>/dev/null && find . -type d | sort && cat */idle_timeout_ms */keepalive_delay_ms */reconnect_delay_ms */heartbeat/dead_threshold 2>/dev/null
echo mounts; cut -d' ' -f2,3 /proc/mounts | grep -E ' (configfs|ocfs2|ocfs2_dlmfs)$' | sort
echo modules; cut -d' ' -f1 /proc/modules | grep -E '^(ocfs2|configfs)' | sort
echo domains; ls /dlm 2>/dev/null | grep -v o2cb-peers
echo processes; ps -eo comm= | grep -E '^(o2hbmonitor|holder)' | sort
`

// enter brings the node into a state, unless it is in it.
func (h *host) enter(name string) {
	h.t.Helper()
	if h.in == name && h.looks == h.MustShell(look).Stdout {
		return
	}
	h.leave()
	s := states()[name]
	h.WriteFile(settingsPath, []byte(s.settings), 0o644)
	h.MustShell("mkdir -p /etc/ocfs2 " + mountPoint)
	h.WriteFile(rig.ConfigPath, []byte(configuration(h.Node, s.global)), 0o644)
	if s.noConfig {
		h.MustShell("rm " + rig.ConfigPath)
	}
	h.MustShell(s.enter)
	if s.lock {
		h.MustShell("mkdir /dlm/dom")
		h.holder = h.StartSelf("holder", "/dlm/dom/lock")
		h.holder.WaitLine("ready")
	}
	h.in, h.looks = name, h.MustShell(look).Stdout
}

// leave takes everything down, whatever state the node is in, down to the modules:
// the pause lets the kernel free what belongs to configfs before its module goes.
func (h *host) leave() {
	h.t.Helper()
	if h.holder != nil {
		h.holder.Kill(unix.SIGKILL)
		h.holder.Wait()
		h.holder = nil
	}
	h.MustShell(`
		umount ` + mountPoint + ` 2>/dev/null
		killall -q o2hbmonitor
		if test -d /sys/kernel/config/cluster/web; then
			for region in $(ls /sys/kernel/config/cluster/web/heartbeat | grep -E '^[0-9A-F]{32}$'); do
				ocfs2_hb_ctl -K -u $region test 2>/dev/null
				rmdir /sys/kernel/config/cluster/web/heartbeat/$region 2>/dev/null
			done
			for domain in $(ls /dlm); do rm -rf /dlm/$domain/* ; rmdir /dlm/$domain; done
			rmdir /sys/kernel/config/cluster/web/node/*
			rmdir /sys/kernel/config/cluster/web
		fi
		umount /dlm 2>/dev/null; rmdir /dlm 2>/dev/null; umount /sys/kernel/config 2>/dev/null
		for module in ocfs2 ocfs2_dlmfs ocfs2_stack_o2cb ocfs2_dlm ocfs2_nodemanager ocfs2_stackglue; do rmmod $module 2>/dev/null; done
		sleep 0.3; rmmod configfs 2>/dev/null; rm -rf /run/o2cb; ipcrm -a
		! grep -q '^ocfs2' /proc/modules`)
	h.in = ""
}

// configuration is a cluster of this node alone, so that the two do not meet.
func configuration(n *lab.Node, global bool) string {
	text := "cluster:\n\tname = web\n\tnode_count = 1\n"
	if global {
		text += "\theartbeat_mode = global\n"
	}
	text += "\nnode:\n\tcluster = web\n\tnumber = 0\n\tname = " + n.Name() + "\n\tip_address = " + n.Addr() + "\n\tip_port = 7777\n\n"
	if global {
		text += "heartbeat:\n\tcluster = web\n\tregion = " + globalRegion + "\n\n"
	}
	return text
}

// The UUIDs of the volumes.
const (
	localRegion  = "52AA69F32F394C6EB28419F786C5BF0C"
	globalRegion = "1F548B5454764008ABB6D1F903252F86"
)
