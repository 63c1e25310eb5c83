// SPDX-License-Identifier: Apache-2.0

// Package chaos shows that the locks of libo2dlm hold whatever happens to
// programs, nodes and the network: on three nodes, programs with several
// goroutines each use a few locks in all ways that there are, while programs are
// killed, a node loses its power and another one its network, and messages are
// late and lost. What each of them has seen is then judged by package history.
//
// It also shows that such a judgement can fail: libraries that are broken on
// purpose, each in one function, are found out.
//
// The time under faults is that of CI; O2CB_CHAOS_TIME=10m makes it another, and
// so does "make chaos".
package chaos
