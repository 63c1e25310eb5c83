// SPDX-License-Identifier: Apache-2.0

// Package rig brings the nodes of a lab online with the product itself: it
// writes the file, calls o2cb_ctl, makes a volume and starts its heartbeat.
//
// A test of one of these steps does not use it but types the step.
package rig
