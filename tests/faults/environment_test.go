// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"fmt"
	"strings"
	"testing"
)

// life is a cluster's, in commands that change something. {} is where the programs
// are.
func life() []string {
	return []string{
		"{}/o2cb add-cluster web",
		"{}/o2cb add-node web node0 --ip 10.9.0.1",
		"{}/o2cb_ctl -C -n node1 -t node -a cluster=web -a number=1 -a ip_address=10.9.0.2 -a ip_port=7777",
		"{}/o2cb_ctl fmt -w",
		"{}/o2cb_ctl load",
		"{}/o2cb_ctl online",
		"{}/o2cb_ctl -C -i -n node2 -t node -a cluster=web -a number=2 -a ip_address=10.9.0.3 -a ip_port=7777",
		"{}/o2cb_ctl -H -n node1 -t node -a ip_port=7778",
		"{}/o2cb_ctl apply --yes",
		"{}/o2cb_ctl undo",
		"{}/o2cb_ctl undo",
		"{}/o2cb_ctl -D -u -n node2 -t node",
		"{}/o2cb unregister-cluster web",
		"{}/o2cb register-cluster web",
		"{}/o2cb heartbeat-mode web local",
		"{}/o2cb_ctl offline",
		"{}/o2cb_ctl unload",
		"{}/o2cb remove-node web node1",
	}
}

// evil is a folder of programs with the names of those that one might call. Each
// leaves a mark.
const evil = "/root/evil"

// surroundings are shells' preparations before a command.
func surroundings() map[string]string {
	return map[string]string{
		"umask 0777":   "umask 0777;",
		"closed stdio": "exec <&- >&- 2>&-;",
		"hostile variables": fmt.Sprintf(`export PATH=%[1]s IFS=/_o2 ENV=%[1]s/sh BASH_ENV=%[1]s/sh CDPATH=/tmp TMPDIR=%[1]s/tmp HOME=/nowhere SHELL=%[1]s/sh
			export LC_ALL=tr_TR.UTF-8 LANG=tr_TR.UTF-8 LANGUAGE=tr TZ=/etc/passwd MODPROBE_OPTIONS=--show-depends PAGER=%[1]s/sh EDITOR=%[1]s/sh
			export LD_PRELOAD=%[1]s/lib.so LD_LIBRARY_PATH=%[1]s GOTRACEBACK=crash TERM=dumb COLUMNS=1 LINES=x;`, evil),
		"no variables":                "env -i ",
		"a removed working directory": "mkdir /root/gone; cd /root/gone; rmdir /root/gone;",
	}
}

// TestHostileSurroundings runs each command that changes something in surroundings
// that somebody else has made. They lead to the very same files, modes included,
// and the same cluster in the kernel, which everybody can read; and nothing runs
// that somebody has put into the way.
func TestHostileSurroundings(t *testing.T) {
	m := boot(t)
	m.MustShell(fmt.Sprintf(`mkdir %[1]s; for p in modprobe insmod rmmod mount umount sh bash cat cp mv o2cb_ctl ocfs2_hb_ctl hostname pager less vi ip kmod; do
		printf '#!/bin/sh\n/usr/bin/touch /root/pwned\n' > %[1]s/$p; chmod 755 %[1]s/$p; done; chmod 700 /root`, evil))
	programs := strings.TrimSuffix(m.tool, "/o2cb_ctl")
	run := func(t testing.TB, prepare string) (steps []string) {
		t.Helper()
		m.MustShell("rm -rf /etc/ocfs2 /run/o2cb")
		for _, command := range life() {
			r := m.Shell(prepare + strings.ReplaceAll(command, "{}", programs))
			if r.Status != 0 {
				t.Fatalf("%s: status %d: %s", command, r.Status, r.Stderr)
			}
			now := m.snapshot()
			if strings.Contains(command, "apply") {
				now += m.Shell("setpriv --reuid=65534 --regid=65534 --clear-groups " + m.tool + " status").Stdout
			}
			steps = append(steps, now)
		}
		return steps
	}
	want := run(t, "")
	for name, prepare := range surroundings() {
		t.Run(name, func(t *testing.T) {
			for i, now := range run(t, prepare) {
				same(t, life()[i], now, want[i])
			}
			if r := m.Shell("ls -d /root/pwned " + evil + "/tmp"); r.Stdout != "" {
				t.Errorf("somebody's programs ran: %s", r.Stdout)
			}
		})
	}
	// What cannot be printed is an error: a script that keeps it must not believe it.
	m.WriteFile("/etc/ocfs2/cluster.conf", []byte(config), 0o644)
	for _, command := range []string{"{}/o2cb_ctl export", "{}/o2cb_ctl fmt", "{}/o2cb_ctl status --json", "{}/o2cb_ctl plan --json", "{}/o2cb_ctl -I -t node -o",
		"{}/o2cb list-nodes web", "{}/o2cb_ctl check", "{}/o2cb_ctl volume", "{}/o2cb_ctl heartbeat status --json"} {
		r := m.Shell(strings.ReplaceAll(command, "{}", programs) + " > /dev/full")
		if r.Status == 0 || !strings.Contains(r.Stderr, "no space left on device") {
			t.Errorf("%s > /dev/full: status %d: %s", command, r.Status, r.Stderr)
		}
	}
}
