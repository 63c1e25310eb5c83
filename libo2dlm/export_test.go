// SPDX-License-Identifier: Apache-2.0

package libo2dlm

// Waiting returns how many calls are in the queue of the resource.
func (d *Domain) Waiting(resource string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.resources[resource]; r != nil {
		for w := r.first; w != nil; w = w.next {
			n++
		}
	}
	return n
}

// Requests returns how many requests are in the kernel.
func (d *Domain) Requests() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests
}

// Resources returns how many resources are held or requested.
func (d *Domain) Resources() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.resources)
}

// PretendCluster makes the domain believe that its plain directory is a dlmfs
// without the capability "bast": its files have no poll.
func (d *Domain) PretendCluster() { d.singleNode = false }

// Warm reports whether a caller may request the resource itself.
func (d *Domain) Warm(resource string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, warm := d.warm[resource]
	return warm
}
