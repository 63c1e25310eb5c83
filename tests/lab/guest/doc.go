// SPDX-License-Identifier: Apache-2.0

// Command guest is the lab's agent. As process 1 of a guest it builds a root from
// the host's, brings the network up and runs commands for the lab; started on the
// host as "guest supervise" it is the parent of one guest and sees to it that
// nothing of the guest outlives the lab. Package lab builds and starts it. Do not
// run it by hand: as process 1 of anything but a lab guest it powers the machine off.
package main
