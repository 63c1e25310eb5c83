// SPDX-License-Identifier: Apache-2.0

package history

// Register says where a register is kept.
type Register uint8

// The registers that a lock guards.
const (
	Block Register = iota // in the lock's value block
	File                  // on the disk that all nodes share
)

// How says by which calls a hold came about.
type How uint8

// The ways to a hold.
const (
	Lock       How = iota
	TryLock        // and was not busy
	Cancelled      // Lock with a context that could have ended before
	Downgraded     // the part of a hold that is shared after Downgrade
	Upgraded       // the part of a hold that is exclusive after TryUpgrade
	Mutex          // Lock or RLock of a Mutex
	ways
)

var names = [ways]string{"Lock", "TryLock", "Lock with deadline", "Downgrade", "TryUpgrade", "Mutex"}

func (h How) String() string { return names[h] }

// Op is one use of a register under a hold.
type Op struct {
	Process   uint32 // who; a number is given to one program only
	Resource  uint8
	Register  Register
	How       How
	Exclusive bool
	Call      int64  // when the lock had come, in nanoseconds
	Return    int64  // when it was about to be given back
	Old       uint64 // what was found in the register; 0 is nothing, or the value was lost
	New       uint64 // what was written; 0 is nothing. Written is where it comes from
	Token     uint64 // of the hold; 0 in File

	boot  int   // which guest's clock; set by Log.place
	slack int64 // how far Call and Return may be off
}

// Written is the value that a program writes as its nth. No two are the same.
func Written(process uint32, n uint64) uint64 { return uint64(process)<<processShift | n }

// Writer returns the program that has written a value.
func Writer(value uint64) uint32 { return uint32(value >> processShift) }

// processShift leaves a program more writes than it can make in a year.
const processShift = 40
