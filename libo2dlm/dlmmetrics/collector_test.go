// SPDX-License-Identifier: Apache-2.0

package dlmmetrics_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/libo2dlm/dlmmetrics"
)

// fixed is statistics that differ in every field.
type fixed struct{}

func (fixed) Stats() libo2dlm.Stats {
	return libo2dlm.Stats{Grants: 1, CacheHits: 2, Waits: 3, HandOvers: 4, Waiters: 5, Held: 6, Requests: 7, Detached: 8}
}

func TestCollector(t *testing.T) {
	c := dlmmetrics.New("tests", fixed{})
	const want = `
# HELP o2dlm_cache_hits_total Calls that had their lock without asking the kernel.
# TYPE o2dlm_cache_hits_total counter
o2dlm_cache_hits_total{domain="tests"} 2
# HELP o2dlm_detached_requests Requests in the kernel that nobody waits for any more.
# TYPE o2dlm_detached_requests gauge
o2dlm_detached_requests{domain="tests"} 8
# HELP o2dlm_grants_total Locks that the kernel has granted to this process.
# TYPE o2dlm_grants_total counter
o2dlm_grants_total{domain="tests"} 1
# HELP o2dlm_hand_overs_total Locks given back while somebody wanted them.
# TYPE o2dlm_hand_overs_total counter
o2dlm_hand_overs_total{domain="tests"} 4
# HELP o2dlm_held Resources that this process holds or caches.
# TYPE o2dlm_held gauge
o2dlm_held{domain="tests"} 6
# HELP o2dlm_requests Requests in the kernel, each with a thread.
# TYPE o2dlm_requests gauge
o2dlm_requests{domain="tests"} 7
# HELP o2dlm_waiters Calls that wait for a lock.
# TYPE o2dlm_waiters gauge
o2dlm_waiters{domain="tests"} 5
# HELP o2dlm_waits_total Calls that found the lock taken or wanted by this process.
# TYPE o2dlm_waits_total counter
o2dlm_waits_total{domain="tests"} 3
`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("%v (%v)", problems, err)
	}
}

func TestCollectorOfADomain(t *testing.T) {
	d, err := libo2dlm.Join(t.Context(), "tests", &libo2dlm.JoinOptions{Mount: t.TempDir(), SingleNode: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m := d.Mutex("r", nil)
	if err := m.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.Unlock()
	const want = `
# HELP o2dlm_held Resources that this process holds or caches.
# TYPE o2dlm_held gauge
o2dlm_held{domain="tests"} 1
`
	if err := testutil.CollectAndCompare(dlmmetrics.New("tests", d), strings.NewReader(want), "o2dlm_held"); err != nil {
		t.Error(err)
	}
}
