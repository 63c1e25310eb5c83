// SPDX-License-Identifier: Apache-2.0

package libo2dlm

// A request is made on a goroutine and a thread of its own, which can be left behind when
// the caller's context ends; to change to them and back takes longer than all the rest. A
// caller whose context cannot end has nothing to leave it for, and makes the
// request itself where it will be granted at once: O_NONBLOCK, when this process
// has had the lock last and nobody has wanted it (it is warm).
//
// The kernel can make even such a request wait: while another process of this node
// waits for the same lock of another node, and when that node has just died. Only
// the caller waits then, which it would do anyhow, and not even Close ends that. But a
// process that is killed meanwhile keeps its other locks (see apart), so it must have
// none: the domain holds no lock, nor is any on its way.

// maxWarm bounds the memory of the domain for names.
const maxWarm = 4096

// lockInline takes a lock that is warm, or returns nil: then ask in the long way.
// The call must be for the exclusive level of a lock without a gate.
func (d *Domain) lockInline(c call) *Hold {
	r, dir := d.beginInline(c.resource)
	if r == nil {
		return nil
	}
	fd, err := r.acquire(dir, c.level, dontWait)

	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests--
	dir.unref()
	r.serving = false
	if err != nil || d.closed {
		r.warm = false
		if err == nil {
			closeLock(fd)
		}
		delete(d.warm, r.name)
		r.carryOn()
		return nil
	}
	d.stats.Grants++
	r.hold(fd, request{level: c.level})
	r.holders++
	if r.first != nil {
		r.alarm.ring()
	}
	return r.newHold()
}

// beginInline enters a request for a resource that is warm into the domain's books, if
// nothing else is in them.
func (d *Domain) beginInline(name string) (*resource, *directory) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, warm := d.warm[name]; !warm || d.mustQueue || d.closed || len(d.resources) != 0 || d.requests >= d.maxWaiters {
		return nil, nil
	}
	r := d.idle.Get().(*resource)
	r.rename(name)
	r.serving, r.quick, r.warm = true, true, true
	d.resources[name] = r
	d.requests++
	d.dir.refs++
	return r, d.dir
}

// cool remembers whether a lock that is being released is warm: it was had without
// waiting for another process, and no other node wants it. The caller does not
// hold mu; the descriptor is still open.
func (r *resource) cool() {
	d := r.domain
	warm := r.quick && !wanted(r.grant.descriptor())
	d.mu.Lock()
	defer d.mu.Unlock()
	if !warm {
		delete(d.warm, r.name)
		return
	}
	if len(d.warm) >= maxWarm {
		clear(d.warm)
	}
	d.warm[r.name] = struct{}{}
}
