// SPDX-License-Identifier: Apache-2.0

package libo2dlm

// Stats says what a Domain of this process has done since it was joined, and
// what it is doing.
type Stats struct {
	// Grants is how many locks the kernel has granted to this process.
	Grants uint64
	// CacheHits is how many calls had their lock without asking the kernel: of a
	// Mutex that had it cached, and of Lock where others shared it already.
	CacheHits uint64
	// Waits is how many calls found the lock taken or wanted by this process and
	// went into a queue.
	Waits uint64
	// HandOvers is how many locks were given back while somebody wanted them.
	HandOvers uint64

	// Waiters is how many calls wait now.
	Waiters int
	// Held is how many resources this process holds or caches now.
	Held int
	// Requests is how many requests are in the kernel now, each with a thread, and
	// Detached how many of them nobody waits for any more.
	Requests, Detached int
}

// Stats returns the statistics of the domain at this moment.
func (d *Domain) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.stats
	s.Requests = d.requests
	for _, r := range d.resources {
		if r.held() {
			s.Held++
		}
		if r.cache != nil {
			r.cache.harvest()
		}
		if r.serving && !r.held() && r.first == nil {
			s.Detached++
		}
	}
	s.CacheHits += d.cached.Load()
	s.Waiters = d.waiting + int(d.queued.Load())
	return s
}
