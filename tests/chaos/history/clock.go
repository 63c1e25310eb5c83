// SPDX-License-Identifier: Apache-2.0

package history

import "fmt"

// Clock is what is known of a guest's clock: that its readings, plus an
// offset between low and high, are those of the host's. The zero Clock knows
// nothing.
type Clock struct {
	low, high int64
	known     bool
}

// Answered tells the clock that the guest read there while the host's clock went
// from asked to heard.
func (c *Clock) Answered(asked, there, heard int64) {
	low, high := asked-there, heard-there
	if c.known {
		low, high = max(low, c.low), min(high, c.high)
	}
	c.low, c.high, c.known = low, high, true
}

// Err returns an error if no constant offset explains all answers.
func (c *Clock) Err() error {
	switch {
	case !c.known:
		return fmt.Errorf("a guest's clock was never read")
	case c.low > c.high:
		return fmt.Errorf("a guest's clock drifts: no offset explains all answers, by %d ns", c.low-c.high)
	}
	return nil
}

// Host returns the host's time at a reading of the guest's clock.
func (c *Clock) Host(there int64) int64 { return there + (c.low+c.high)/2 }

// Slack is how far Host may be off, in nanoseconds.
func (c *Clock) Slack() int64 { return (c.high-c.low)/2 + drift }

// drift allows for what the kernel's arithmetic makes of the host's nanoseconds.
const drift = 20_000
