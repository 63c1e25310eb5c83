// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// TestUnprivileged runs every command as nobody. Those that read work; the others
// name what the user may not, and nothing is half done.
func TestUnprivileged(t *testing.T) {
	m := boot(t, lab.Disk("data", "64M"))
	nobody := func(command string) string {
		return "setpriv --reuid=65534 --regid=65534 --clear-groups " + command
	}
	reads := map[string]int{ // with their exit status
		m.tool + " check":                      0,
		m.tool + " fmt":                        0,
		m.tool + " export":                     0,
		m.tool + " plan":                       0,
		m.tool + " plan --json":                0,
		m.tool + " status":                     0,
		m.tool + " status --json":              0,
		m.tool + " heartbeat status":           0,
		m.tool + " -I -t node -o":              0,
		m.tool + " -I -t cluster -n web":       0,
		m.o2cb + " list-clusters":              0,
		m.o2cb + " list-cluster web":           0,
		m.o2cb + " list-nodes web":             0,
		m.o2cb + " list-heartbeats web":        0,
		m.o2cb + " cluster-status web":         0,
		m.o2cb + " cluster-status":             0,
		m.tool + " completion bash >/dev/null": 0,
	}
	const denied = "ermission denied"
	writes := map[string]string{ // with what the refusal says
		m.tool + " load":                                denied,
		m.tool + " unload":                              denied,
		m.tool + " online":                              denied,
		m.tool + " offline":                             denied,
		m.tool + " offline --force":                     denied,
		m.tool + " apply --yes":                         denied,
		m.tool + " undo":                                denied,
		m.tool + " fmt -w":                              denied,
		m.tool + " volume /dev/ubda":                    "/dev/ubda: permission denied",
		m.tool + " heartbeat start /dev/ubda":           denied,
		m.tool + " heartbeat stop /dev/ubda":            denied,
		m.tool + " lock domain res -- true":             denied,
		m.addNode():                                     denied,
		m.tool + " -D -n node1 -t node -a cluster=web":  denied,
		m.tool + " -D -u -n node1 -t node":              denied,
		m.tool + " -H -n node1 -t node -a ip_port=7778": denied,
		m.tool + " -H -n web -t cluster -a online=no":   denied,
		m.o2cb + " add-cluster other":                   denied,
		m.o2cb + " remove-cluster web":                  denied,
		m.o2cb + " add-node web n --ip 10.9.0.9":        denied,
		m.o2cb + " remove-node web node1":               denied,
		m.o2cb + " heartbeat-mode web global":           denied,
		m.o2cb + " register-cluster web":                denied,
		m.o2cb + " unregister-cluster web":              denied,
		m.tool + " import /root/definition":             denied,
	}
	m.MustShell(m.tool + " export > /root/definition; chmod 755 /root; sed -i s/7777/7779/ /root/definition")
	m.MustRun(m.tool, "online")
	before := m.snapshot()
	for command, status := range reads {
		if r := m.Shell(nobody(command)); r.Status != status || r.Stderr != "" {
			t.Errorf("%s: status %d, want %d: %s", command, r.Status, status, r.Stderr)
		}
	}
	for command, says := range writes {
		m.refuse(nobody(command), says)
	}
	same(t, "all that nobody did", m.snapshot(), before)
	m.whole()
}
