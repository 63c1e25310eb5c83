// SPDX-License-Identifier: Apache-2.0

// Package bench compares the speed of this project with that of the C programs
// of Debian's ocfs2-tools and of the system calls that its lock library makes:
//
//	go test -run '^$' -bench . ./bench
//
// What is compared runs in turn, in one run on one machine, and the figure that
// counts is the ratio to C, the median over all rounds: below 1 this project is
// quicker. No figure fails a benchmark, only a command that fails does. Run it
// on a machine that does nothing else.
//
// It is the wrong place to learn how fast anything is: the guests in which the
// kernel's part runs are slow in all that they do. It is also the wrong place
// for what needs no C to compare with; such benchmarks stand beside the code.
package bench
