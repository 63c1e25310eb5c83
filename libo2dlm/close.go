// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"fmt"
	"slices"
	"strings"
)

// Close ends the use of the domain: calls that wait return ErrClosed at once,
// and so do later ones. What a Mutex only caches is let go. Locks that are held
// stay held until they are released, and Close returns ErrInUse with their names;
// called again after their release it returns nil, as it does when all is closed
// already.
//
// The node stays in the domain, where other processes may need it, and keeps
// caching its locks: the next Join is quick. It leaves when dlmfs is unmounted,
// or when the lock files and the directory are removed by hand.
//
// A request of this process that waits in the kernel stays there, with its
// thread and its descriptor, until it is granted; then it is released and all
// is gone. Until then the process cannot end, not even by SIGKILL, but when it is
// killed nothing else is held for it.
func (d *Domain) Close() error {
	held := d.close()
	if len(held) == 0 {
		return nil
	}
	return d.failed(opClose, "", fmt.Errorf("%w: %s", ErrInUse, list(held)))
}

// close marks the domain closed and turns the waiters out. It returns the names
// of the resources that are held.
func (d *Domain) close() (held []string) {
	var caches []*Mutex
	d.mu.Lock()
	for name, r := range d.resources {
		for w := r.pop(); w != nil; w = r.pop() {
			w.serve(nil, ErrClosed)
		}
		switch {
		case r.cache != nil:
			caches = append(caches, r.cache)
		case r.held() && !r.leaving:
			held = append(held, name)
		}
	}
	if !d.closed && d.dir != nil {
		d.dir.unref()
	}
	d.closed = true
	d.mu.Unlock()

	for _, m := range caches {
		if m.close() {
			held = append(held, m.resource)
		}
	}
	d.watch.close()
	slices.Sort(held)
	return held
}

// list joins names, of which it shows a few.
func list(names []string) string {
	const shown = 8
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}
