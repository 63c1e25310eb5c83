// SPDX-License-Identifier: Apache-2.0

// Package history is what programs that use locks have written down about it,
// and the judgement whether the locks held.
//
// A program notes each hold with the moment at which the lock had come and the
// one at which it was about to be given back, what it found in a register that
// the lock guards, what it wrote there, and its fencing token. Three things are
// looked for. No exclusive hold overlaps another hold of its resource. The
// registers are linearizable, to the checker of package porcupine: every holder
// finds what the last one has written. And tokens grow.
//
// # Time
//
// The intervals of a linearizable history have to be comparable. All programs of
// a guest read one clock. Those of the guests count the host's monotonic clock
// from an offset each, which Clock measures: a question that left the host
// at a and was back at b was answered between the two, so the offset is known to
// half of b - a. The smallest of many round trips counts. To the checker of
// registers each interval is widened by that error, which can only hide a
// mistake and never make one up; two holds of different guests overlap if they
// do so by more than the errors of both.
//
// # Death
//
// A program that is killed takes with it what it had not sent yet, at most some
// hundredths of a second. Reads that are missing change nothing. A write that is
// missing matters if somebody has seen its value, which names its writer: then a
// write of that value is put in, between the last moment up to which the history
// of its writer is complete and the writer's death. When a whole node dies, each
// value block may be lost, once, between the death and the node's return; a
// register on disk may not.
package history
