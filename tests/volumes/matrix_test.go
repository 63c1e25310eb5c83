// SPDX-License-Identifier: Apache-2.0

package volumes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// clusterSizes are the cluster sizes tested, with the smallest volume and
// journal that mkfs.ocfs2 makes with them.
func clusterSizes() []clusterSize {
	return []clusterSize{{"4K", 64, 4}, {"64K", 64, 4}, {"1M", 256, 16}}
}

type clusterSize struct {
	name              string
	volumeMB, journal int64
}

func (c clusterSize) bytes() int {
	n, _ := strconv.Atoi(strings.TrimRight(c.name, "KM"))
	if strings.HasSuffix(c.name, "M") {
		return n << 20
	}
	return n << 10
}

// variant is a kind of volume.
type variant struct {
	name    string
	options []string
	want    volume.Volume // what mkfs.ocfs2 was told
}

func variants() []variant {
	o2cb := func(more ...string) []string {
		return append([]string{"--cluster-stack=o2cb", "--cluster-name=web"}, more...)
	}
	return []variant{
		{"local", o2cb("-L", "data"), volume.Volume{Stack: "o2cb", ClusterName: "web", Label: "data"}},
		{"global", o2cb("--global-heartbeat"), volume.Volume{Stack: "o2cb", ClusterName: "web", GlobalHeartbeat: true}},
		{"local metaecc", o2cb("--fs-features=metaecc"), volume.Volume{Stack: "o2cb", ClusterName: "web"}},
		{"global metaecc", o2cb("--global-heartbeat", "--fs-features=metaecc", "-L", "a_label_that_is_as_long_as_mkfs_ocfs2_makes_them_being_63_bytes"),
			volume.Volume{Stack: "o2cb", ClusterName: "web", GlobalHeartbeat: true, Label: "a_label_that_is_as_long_as_mkfs_ocfs2_makes_them_being_63_bytes"}},
		{"metaecc without inline data", o2cb("--fs-features=metaecc,noinline-data"), volume.Volume{Stack: "o2cb", ClusterName: "web"}},
		{"classic", []string{"--fs-feature-level=max-compat", "-L", "old"}, volume.Volume{Stack: "o2cb", Label: "old"}},
		{"longest name", []string{"--cluster-stack=o2cb", "--cluster-name=abcdefghijklmnop"}, volume.Volume{Stack: "o2cb", ClusterName: "abcdefghijklmnop"}},
		{"mounted locally", []string{"-M", "local"}, volume.Volume{LocalMount: true}},
		{"most slots", o2cb("-N", "8"), volume.Volume{Stack: "o2cb", ClusterName: "web", MaxSlots: 8}},
	}
}

func TestEveryKindOfVolume(t *testing.T) {
	for _, blockSize := range []int{512, 1024, 2048, 4096} {
		for _, c := range clusterSizes() {
			for _, v := range variants() {
				t.Run(fmt.Sprintf("%d/%s/%s", blockSize, c.name, v.name), func(t *testing.T) {
					t.Parallel()
					compare(t, blockSize, c, v)
				})
			}
		}
	}
}

// compare formats a volume and reads it with our package and with the C programs.
func compare(t *testing.T, blockSize int, c clusterSize, v variant) {
	size := c.volumeMB
	options := []string{"-b", strconv.Itoa(blockSize), "-C", c.name, "-J", fmt.Sprintf("size=%dM", c.journal)}
	if v.want.MaxSlots == 0 {
		v.want.MaxSlots = 1
		options = append(options, "-N", "1")
	} else {
		size *= 4
	}
	image, refusal := format(t, size<<20, append(options, v.options...)...)
	if refusal != "" {
		t.Fatal(refusal)
	}
	got := open(t, image)
	if told := told(got); told != v.want {
		t.Errorf("mkfs.ocfs2 was told %+v, read is %+v", v.want, told)
	}
	if got.BlockSize != blockSize || got.ClusterSize != c.bytes() {
		t.Errorf("blocks of %d and clusters of %d bytes", got.BlockSize, got.ClusterSize)
	}
	sameAsC(t, got, image)
}

// told keeps of v what mkfs.ocfs2 was told.
func told(v volume.Volume) volume.Volume {
	return volume.Volume{
		Label: v.Label, Stack: v.Stack, ClusterName: v.ClusterName, MaxSlots: v.MaxSlots,
		GlobalHeartbeat: v.GlobalHeartbeat, LocalMount: v.LocalMount,
	}
}

func open(t *testing.T, image string) volume.Volume {
	t.Helper()
	v, err := volume.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	if v.Device != image {
		t.Errorf("device %q, want %q", v.Device, image)
	}
	v.Device = ""
	return *v
}

// sameAsC compares with debugfs.ocfs2 and mounted.ocfs2.
func sameAsC(t *testing.T, got volume.Volume, image string) {
	t.Helper()
	if want := describedByC(t, image); got != want {
		t.Errorf("read      %+v\ndebugfs.ocfs2 %+v", got, want)
	}
	lines := strings.Split(strings.TrimSpace(run(t, "mounted.ocfs2", "-d", image)), "\n")
	if line := strings.Fields(lines[len(lines)-1]); len(line) < 2 || !slices.Equal(line[1:], mountedLine(got)) {
		t.Errorf("mounted.ocfs2 says %q, want %q", line, mountedLine(got))
	}
	d, err := volume.OpenDevice(image)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if slots, err := volume.ReadSlots(d, got.Area); err != nil || len(slots) != 0 {
		t.Errorf("heartbeat blocks of a new volume: %v, %v", slots, err)
	}
}

// mkfs.ocfs2 cuts a heartbeat device to the whole megabytes that 269 of its
// blocks need, and then finds room for the area with small blocks only.
func TestHeartbeatDevices(t *testing.T) {
	for _, blockSize := range []int{512, 1024, 2048, 4096} {
		for _, c := range clusterSizes() {
			t.Run(fmt.Sprintf("%d/%s", blockSize, c.name), func(t *testing.T) {
				t.Parallel()
				image, refusal := format(t, 4<<20, "-H", "-b", strconv.Itoa(blockSize), "-C", c.name,
					"--cluster-stack=o2cb", "--cluster-name=web", "--global-heartbeat")
				if blockSize > 1024 || c.name == "1M" {
					if !strings.Contains(refusal, "Could not allocate") {
						t.Errorf("mkfs.ocfs2 says %q, want a refusal", refusal)
					}
					return
				}
				if refusal != "" {
					t.Fatal(refusal)
				}
				got := open(t, image)
				if !got.HeartbeatDevice || got.HeartbeatMode() != cluster.GlobalHeartbeat || got.MaxSlots != 0 {
					t.Errorf("read %+v", got)
				}
				sameAsC(t, got, image)
			})
		}
	}
}

// What mkfs.ocfs2 says to a combination that cannot be.
func TestRefusedCombinations(t *testing.T) {
	for _, options := range [][]string{
		{"-b", "8192", "-C", "64K"},
		{"-b", "256", "-C", "4K"},
		{"-b", "4096", "-C", "2M"},
		{"-b", "4096", "-C", "2K"},
		{"-b", "4096", "-C", "1M", "-J", "size=4M"},
	} {
		if _, refusal := format(t, 64<<20, options...); refusal == "" {
			t.Errorf("mkfs.ocfs2 %v made a volume", options)
		}
	}
}
