// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"compress/gzip"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// fakeKernel is a kernel with one cluster, called web.
type fakeKernel struct {
	mu       sync.Mutex
	cluster  cluster.Cluster
	busy     bool     // regions are in use
	startErr error    // what StartRegion answers
	failing  string   // for that region only, if not empty
	held     int      // so many more stops are refused
	hidden   bool     // it does not tell the threads of regions
	stops    []string // the regions that were asked to stop
	onStart  func()   // called while a region starts
	onRead   func()   // called before the cluster is read
	starting map[string]bool
	starts   int
	atOnce   int  // the most regions that were starting at the same time
	overlap  bool // two calls worked on one region at the same time
}

func newFakeKernel() *fakeKernel {
	return &fakeKernel{starting: map[string]bool{}, cluster: cluster.Cluster{
		Name:  "web",
		Nodes: []cluster.Node{{Name: "other", Number: 0}, {Name: "this", Number: 1, Local: true}},
	}}
}

func (f *fakeKernel) Cluster(name string) (*cluster.Cluster, error) {
	if f.onRead != nil {
		f.onRead()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if name != f.cluster.Name {
		return nil, unix.ENOENT
	}
	c := f.cluster
	c.Regions = slices.Clone(c.Regions)
	return &c, nil
}

func (f *fakeKernel) StartRegion(_, name string, a cluster.Area, dev *os.File) error {
	f.mu.Lock()
	f.overlap = f.overlap || f.starting[name]
	f.starting[name] = true
	f.starts++
	f.atOnce = max(f.atOnce, len(f.starting))
	exists := find(&f.cluster, name) != nil
	f.mu.Unlock()
	if f.onStart != nil {
		f.onStart()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.starting, name)
	switch {
	case exists:
		return unix.EEXIST
	case f.startErr != nil && (f.failing == "" || f.failing == name):
		return f.startErr
	case a.Blocks != cluster.MaxNodes || a.StartBlock == 0:
		return unix.EINVAL
	}
	f.cluster.Regions = append(f.cluster.Regions, cluster.Region{Name: name, Device: filepath.Base(dev.Name())})
	return nil
}

func (f *fakeKernel) RemoveRegion(_, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.overlap = f.overlap || f.starting[name]
	f.stops = append(f.stops, name)
	if f.held > 0 {
		f.held--
		return unix.EBUSY
	}
	if f.busy {
		return unix.EBUSY
	}
	at := slices.IndexFunc(f.cluster.Regions, func(r cluster.Region) bool { return r.Name == name })
	if at < 0 {
		return unix.ENOENT
	}
	f.cluster.Regions = slices.Delete(f.cluster.Regions, at, at+1)
	return nil
}

// RegionPID finds the thread of a region that starts, and of one that runs.
func (f *fakeKernel) RegionPID(_, name string) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hidden {
		return 0, nil
	}
	if f.starting[name] || beats(&f.cluster, name) {
		return 471, nil
	}
	return 0, unix.ENOENT
}

func (f *fakeKernel) regions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.cluster.Regions)
}

// newRegion returns a region name that nothing else on this machine uses, and
// removes its semaphores when the test ends.
func newRegion(tb testing.TB) string {
	tb.Helper()
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		tb.Fatal(err)
	}
	region := strings.ToUpper(hex.EncodeToString(raw))
	tb.Cleanup(func() {
		if id, err := semGet(setKey(region), 0, 0); err == nil {
			_ = semRemove(id)
		}
	})
	return region
}

// Offsets in the superblock of a volume with blocks of 1 KiB; fs/ocfs2/ocfs2_fs.h.
const (
	superblock = 2 * 1024
	incompat   = superblock + 0xe0
	uuid       = superblock + 0x150
	stackLabel = superblock + 0x160
	stackFlags = superblock + 0x164
	inCluster  = superblock + 0x168
)

// newVolume writes the image of a volume of cluster web in local mode, changed
// by the caller, and returns its path and its region.
func newVolume(tb testing.TB, change ...func(image []byte)) (device, region string) {
	tb.Helper()
	packed, err := os.Open("../volume/testdata/classic-1024.img.gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		tb.Fatal(err)
	}
	image, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	region = newRegion(tb)
	if _, err := hex.Decode(image[uuid:uuid+16], []byte(region)); err != nil {
		tb.Fatal(err)
	}
	image[incompat+1] |= 0x40 // cluster information is valid
	copy(image[stackLabel:], "o2cb")
	copy(image[inCluster:], "web")
	for _, c := range change {
		c(image)
	}
	device = filepath.Join(tb.TempDir(), "disk")
	if err := os.WriteFile(device, image, 0o600); err != nil {
		tb.Fatal(err)
	}
	return device, region
}

// wantReferences checks the count of a region; -1 is no semaphore set.
func wantReferences(tb testing.TB, region string, want int) {
	tb.Helper()
	n, ok, err := New(nil, nil).References(region)
	if err != nil {
		tb.Fatal(err)
	}
	if !ok {
		n = -1
	}
	if n != want {
		tb.Errorf("region %s has %d references, want %d", region, n, want)
	}
}

// wantUnlocked fails when somebody holds the mutex of a region.
func wantUnlocked(tb testing.TB, region string) {
	tb.Helper()
	id, err := semGet(setKey(region), 0, 0)
	if errors.Is(err, unix.ENOENT) {
		return
	}
	if err != nil {
		tb.Fatal(err)
	}
	if v, err := semGetValue(id, semMutex); err != nil || v != 0 {
		tb.Errorf("the mutex of region %s is %d (%v)", region, v, err)
	}
}

// semaphoreKeys returns the keys of all sets of this machine.
func semaphoreKeys(tb testing.TB) []string {
	tb.Helper()
	data, err := os.ReadFile("/proc/sysvipc/sem")
	if err != nil {
		tb.Fatal(err)
	}
	var keys []string
	for line := range strings.Lines(string(data)) {
		keys = append(keys, strings.Fields(line)[0])
	}
	return keys
}

func TestReferencesLeaveNothing(t *testing.T) {
	region := newRegion(t)
	wantReferences(t, region, -1)
	if key := fmt.Sprint(setKey(region)); slices.Contains(semaphoreKeys(t), key) {
		t.Errorf("the question left the semaphore set %s behind", key)
	}
}

func TestRegions(t *testing.T) {
	kernel := newFakeKernel()
	device, region := newVolume(t)
	if _, err := New(kernel, nil).Start(t.Context(), Request{Cluster: "web", Device: device}); err != nil {
		t.Fatal(err)
	}
	byHand := cluster.Region{Name: newRegion(t), Device: "sdz"}
	kernel.cluster.Regions = append(kernel.cluster.Regions, byHand)
	got, err := New(kernel, nil).Regions("web")
	want := []RegionState{
		{Region: cluster.Region{Name: region, Device: "disk"}, References: 1, Counted: true},
		{Region: byHand},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("regions %+v, %v\nwant %+v", got, err, want)
	}
	if _, err := New(kernel, nil).Regions("elsewhere"); !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("unknown cluster: error %v", err)
	}
}
