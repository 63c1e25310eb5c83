// SPDX-License-Identifier: Apache-2.0

package locks

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// ungatedTime is for how long TestNodes tries to hang the kernels: not at all,
// unless O2CB_UNGATED says so, as in 2m.
var ungatedTime, _ = time.ParseDuration(os.Getenv("O2CB_UNGATED"))

// What the gate is for: the same levels of the same number of locks, asked for
// without it, hang the kernels of the nodes. How soon is a matter of luck, and the
// nodes are of no use any more, so it is the last part and not of every run.
func testUngated(t *testing.T, c *lab.Cluster) {
	start := time.Now()
	var running []*lab.Process
	for _, n := range c.Nodes() {
		running = append(running, n.StartSelf("ungated", fmt.Sprint(int(ungatedTime.Seconds()))))
	}
	stuck := 0
	for _, p := range running {
		if p.WaitLine("ungated: "); strings.Contains(p.Stdout(), "stuck") {
			stuck++
		}
	}
	t.Logf("%d of %d nodes stuck within %v", stuck, len(running), time.Since(start))
	if stuck == 0 {
		t.Errorf("no node got stuck within %v", ungatedTime)
	}
}

// stuckAfter is longer than anybody holds a lock or the network takes.
const stuckAfter = 10 * time.Second

// ungated SECONDS does nothing but to open and close locks at both levels, as a
// program would that knows of no gate. It says "stuck" when an open takes too
// long; the process itself stays then, for ever.
func ungated(args []string) int {
	seconds, err := strconv.Atoi(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.Mkdir(libo2dlm.DefaultMount+"/"+domain, 0o755); err != nil && !os.IsExist(err) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	var last, opens atomic.Int64
	go func() {
		for time.Now().Before(end) {
			last.Store(time.Now().UnixNano())
			openUngated()
			opens.Add(1)
		}
		last.Store(0)
	}()
	for time.Now().Before(end) {
		if since := last.Load(); since != 0 && time.Since(time.Unix(0, since)) > stuckAfter {
			fmt.Println("ungated: stuck after", opens.Load(), "opens")
			return 0
		}
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Println("ungated: through with", opens.Load(), "opens")
	return 0
}

// openUngated opens one of the locks at one of the levels, and closes it.
func openUngated() {
	flags := unix.O_RDONLY
	if rand.IntN(2) == 0 {
		flags = unix.O_RDWR
	}
	path := fmt.Sprintf("%s/%s/ungated%d", libo2dlm.DefaultMount, domain, rand.IntN(mixedResources))
	if fd, err := unix.Open(path, flags|unix.O_CREAT|unix.O_CLOEXEC, 0o600); err == nil {
		unix.Close(fd)
	}
}
