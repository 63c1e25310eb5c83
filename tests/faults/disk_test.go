// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"fmt"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// TestDisks starts a heartbeat on disks that fail in every way. No command waits
// for one that does not answer, and the kernel has no region afterwards.
func TestDisks(t *testing.T) {
	m := boot(t, lab.Disk("data", "64M"))
	m.MustRun(m.tool, "online")
	m.MustShell(`modprobe dm-mod; modprobe loop
		for d in below above; do dmsetup create $d --noudevsync --table "0 $(blockdev --getsz /dev/ubda) linear ${on:-/dev/ubda} 0"; on=/dev/dm-0; done
		mkfs.ocfs2 -q -x -N 4 --cluster-stack=o2cb --cluster-name=web /dev/dm-1 </dev/null`)
	before := m.snapshot()
	hbCtl := strings.TrimSuffix(m.tool, "o2cb_ctl") + "ocfs2_hb_ctl"
	o2cb := strings.TrimSuffix(m.tool, "_ctl")
	start := m.tool + " heartbeat start "
	const nowhere = "00112233445566778899AABBCCDDEEFF"

	t.Run("wrong", func(t *testing.T) {
		m.refuse(start+"/dev/nothere", "/dev/nothere: no such file or directory")
		m.refuse(start+"/dev/null", "/dev/null")
		m.refuse(start+"/etc/ocfs2", "/etc/ocfs2")
		m.refuse(start+nowhere, "no block device carries the volume", nowhere)
		m.refuse(hbCtl+" -S -u "+nowhere+" o2cb", nowhere)
	})

	t.Run("broken", func(t *testing.T) {
		table := func(target string) {
			m.MustShell(fmt.Sprintf(`dmsetup load below --table "0 $(blockdev --getsz /dev/ubda) %s"; dmsetup suspend --nolockfs below; dmsetup resume below`, target))
		}
		table("error")
		m.refuse(start+"/dev/dm-1", "/dev/dm-1", "input/output error")
		m.refuse(hbCtl+" -S -d /dev/dm-1 o2cb", "/dev/dm-1", "input/output error")
		if r := m.Run(m.tool, "volume"); r.Status != 1 || !strings.Contains(r.Stderr, "input/output error") {
			t.Errorf("volume: %d, %s", r.Status, r.Stderr)
		}
		table("linear /dev/ubda 0")
	})

	t.Run("hung", func(t *testing.T) {
		m.MustRun("dmsetup", "suspend", "--nolockfs", "--noflush", "below") // whoever reads dm-1, which is above, waits
		for _, command := range []string{m.tool + " volume", m.tool + " volume /dev/dm-1", start + "/dev/dm-1", start + nowhere,
			m.tool + " heartbeat stop /dev/dm-1", hbCtl + " -S -d /dev/dm-1 o2cb", hbCtl + " -I -d /dev/dm-1", o2cb + " add-heartbeat web /dev/dm-1"} {
			p := m.Start(lab.Command{Args: []string{"sh", "-c", command}})
			await(t, "the end of "+command, func() bool {
				select {
				case <-p.Done():
					return true
				default:
					return false
				}
			})
			if r := p.Wait(); r.Status == 0 || !strings.Contains(r.Stderr, "does not answer") {
				t.Errorf("%s: status %d, %s%s", command, r.Status, r.Stdout, r.Stderr)
			}
		}
		m.MustRun(m.tool, "status")
		m.MustRun("dmsetup", "resume", "below")
	})
	same(t, "all that", m.snapshot(), before)

	// Sectors of 4096 bytes.
	m.MustShell(`truncate -s 64M /root/large; losetup -b 4096 /dev/loop0 /root/large
		mkfs.ocfs2 -q -x -b 4096 -C 4096 -N 4 --cluster-stack=o2cb --cluster-name=web /dev/loop0 </dev/null`)
	m.MustShell(start + "/dev/loop0")
	if now := m.MustShell("cat " + clusters + "/web/heartbeat/*/block_bytes").Stdout; now != "4096\n" {
		t.Errorf("the region has blocks of %s", now)
	}
	m.MustShell(m.tool + " heartbeat stop /dev/loop0")
	same(t, "all", m.snapshot(), before)
}
