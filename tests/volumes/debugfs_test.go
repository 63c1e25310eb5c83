// SPDX-License-Identifier: Apache-2.0

package volumes

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// fields are the values of a debugfs.ocfs2 output by the words before the colon.
//
//	Block Size Bits: 12   Cluster Size Bits: 16
//	Label: my label
type fields struct {
	tb   testing.TB
	text string
}

// text returns what stands after "name:", up to the end of the line or to the
// next name that three spaces set apart.
func (f fields) get(name string) string {
	f.tb.Helper()
	m := regexp.MustCompile(`(?m)(?:^\t|   )` + regexp.QuoteMeta(name) + `:[ ]?(.*?)(?:   |$)`).FindStringSubmatch(f.text)
	if m == nil {
		f.tb.Fatalf("no %q in:\n%s", name, f.text)
	}
	return m[1]
}

func (f fields) has(name string) bool { return strings.Contains(f.text, name+":") }

func (f fields) number(name string) uint64 {
	f.tb.Helper()
	word, _, _ := strings.Cut(f.get(name), " ")
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		f.tb.Fatalf("%s: %v", name, err)
	}
	return n
}

// describedByC reads an image with debugfs.ocfs2. Sectors have 512 bytes.
func describedByC(tb testing.TB, image string) volume.Volume {
	tb.Helper()
	super := fields{tb, run(tb, "debugfs.ocfs2", "-R", "stats", image)}
	v := volume.Volume{
		UUID:        super.get("UUID"),
		Label:       super.get("Label"),
		BlockSize:   1 << super.number("Block Size Bits"),
		ClusterSize: 1 << super.number("Cluster Size Bits"),
		Clusters:    uint32(super.number("Clusters")),
		MaxSlots:    int(super.number("Max Node Slots")),
		Features: volume.Features{
			Compat:   uint32(super.number("Feature Compat")),
			Incompat: uint32(super.number("Feature Incompat")),
			ROCompat: uint32(super.number("Feature RO compat")),
		},
		HeartbeatDevice: strings.Contains(super.get("Feature Incompat"), "heartbeat-device"),
		LocalMount:      strings.Contains(super.get("Feature Incompat"), " local"),
		GlobalHeartbeat: strings.Contains(super.get("Cluster flags"), "Globalheartbeat"),
	}
	if !v.LocalMount {
		v.Stack = strings.TrimPrefix(super.get("Cluster stack"), "classic ")
	}
	if super.has("Cluster name") {
		v.ClusterName = super.get("Cluster name")
	}
	v.Area = areaByC(tb, image, v.BlockSize)
	return v
}

// areaByC finds the only extent of the heartbeat file:
//
//	## Offset        Clusters       Block#          Flags
//	0  0             256            273             0x0
func areaByC(tb testing.TB, image string, blockSize int) cluster.Area {
	tb.Helper()
	text := heartbeatByC(tb, image)
	m := regexp.MustCompile(`(?m)^\t0\s+0\s+\d+\s+(\d+)\s+0x`).FindAllStringSubmatch(text, -1)
	if len(m) != 1 {
		tb.Fatalf("not one extent in:\n%s", text)
	}
	block, err := strconv.ParseUint(m[0][1], 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return cluster.Area{BlockBytes: 512, StartBlock: block * uint64(blockSize/512), Blocks: 255}
}

// heartbeatByC returns debugfs.ocfs2's account of the heartbeat file. Of some
// heartbeat devices it cannot read the system directory; there the file is known
// by its flag.
func heartbeatByC(tb testing.TB, image string) string {
	tb.Helper()
	text := run(tb, "debugfs.ocfs2", "-R", "stat //heartbeat", image)
	for inode := 3; text == "" && inode < 200; inode++ {
		account := run(tb, "debugfs.ocfs2", "-R", fmt.Sprintf("stat <%d>", inode), image)
		if strings.Contains(account, "Valid System Heartbeat") {
			text = account
		}
	}
	return text
}

// mountedLine is what mounted.ocfs2 -d has to say of v, without its path:
// stack, cluster, G for global heartbeat, UUID, label; empty ones left out.
func mountedLine(v volume.Volume) []string {
	stack, flag := v.Stack, ""
	if v.LocalMount {
		stack = "None"
	}
	if v.GlobalHeartbeat {
		flag = "G"
	}
	return strings.Fields(strings.Join([]string{stack, v.ClusterName, flag, v.UUID, v.Label}, " "))
}
