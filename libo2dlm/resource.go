// SPDX-License-Identifier: Apache-2.0

package libo2dlm

// resource is a lock that this process holds or requests, and the calls that
// wait for it. It is in the domain's table while it is held, while its goroutine
// runs (serving), or both; afterwards it is used again for another name.
//
// What changes is guarded by Domain.mu, except for the grant and the alarm, which
// have locks of their own. The order is Mutex.mu, Domain.mu, grant.mu, alarm.mu.
type resource struct {
	domain *Domain
	name   string
	file   lockName
	gate   lockName
	start  func() // r.serve, bound once so that starting it allocates nothing

	serving   bool // exactly one goroutine runs serve, or an upgrade
	upgrading bool // it is an upgrade

	// The hold: level is 0 when there is none. While it is leaving the descriptors
	// are being closed.
	level   Level
	gated   bool
	quick   bool // had without waiting for another process of this node
	warm    bool // see Domain.lockInline
	leaving bool
	holders int
	cache   *Mutex // the one holder, when it only caches the lock
	grant   grant
	alarm   alarm

	queue
}

func newResource(d *Domain) *resource {
	r := &resource{domain: d}
	r.start = r.serve
	r.grant.none()
	return r
}

// rename makes it the resource of another name.
func (r *resource) rename(name string) {
	r.name = name
	r.file.set(name)
	r.gate = lockName{}
	r.warm = false
}

// held reports whether the lock is held, be it shared, exclusively or in a cache.
func (r *resource) held() bool { return r.level != 0 }

// remains reports whether the lock is held still.
func (r *resource) remains() bool {
	r.domain.mu.Lock()
	defer r.domain.mu.Unlock()
	return r.held() && !r.leaving
}

// retire takes a resource that is neither held nor requested out of the table.
func (d *Domain) retire(r *resource) {
	delete(d.resources, r.name)
	d.idle.Put(r)
}

// wanted reports whether anybody waits for the resource.
func (r *resource) wanted() bool {
	r.domain.mu.Lock()
	defer r.domain.mu.Unlock()
	return r.first != nil
}

// accept makes the descriptor that was granted the hold of whoever is first in
// the queue, and with a shared one of all who wait for that behind it.
func (r *resource) accept(fd int, q request) {
	r.domain.stats.Grants++
	r.hold(fd, q)
	r.cache = r.first.cache
	if q.level == Exclusive || r.cache != nil {
		r.admit(r.pop())
	} else {
		r.admitShared()
	}
	if r.first != nil {
		r.alarm.ring()
	}
}

// hold makes the descriptor the hold.
func (r *resource) hold(fd int, q request) {
	r.grant.take(fd, q.level)
	r.alarm.reset()
	r.level, r.gated, r.leaving = q.level, q.gated, false
}

// admit makes the waiter, which is out of the queue, a holder.
func (r *resource) admit(w *waiter) {
	r.holders++
	w.serve(r.newHold(), nil)
}

// admitShared makes holders of those at the head of the queue who want it shared.
func (r *resource) admitShared() {
	for r.first != nil && r.first.level == Shared && r.first.cache == nil {
		r.admit(r.pop())
	}
}

// leave ends one of the holds. The last one closes the descriptors, does then
// what after says, and requests the lock anew if there are waiters.
func (r *resource) leave(after func()) error {
	d := r.domain
	d.mu.Lock()
	if r.holders--; r.holders > 0 {
		d.mu.Unlock()
		return nil
	}
	r.leaving = true
	d.mu.Unlock()

	d.quiet(r)
	if !r.warm {
		r.cool()
	}
	err := r.grant.close()
	if after != nil {
		after()
	}

	d.mu.Lock()
	defer d.mu.Unlock()
	if r.alarm.wasRung() {
		d.stats.HandOvers++
	}
	r.level, r.leaving, r.cache = 0, false, nil
	if !r.serving { // else its goroutine goes on with the queue
		r.carryOn()
	}
	return err
}

// carryOn requests the lock for those who wait, or retires the resource. It is
// neither held nor requested.
func (r *resource) carryOn() {
	if r.first == nil {
		r.domain.retire(r)
		return
	}
	r.serving = true
	go r.start()
}
