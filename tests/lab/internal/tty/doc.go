// SPDX-License-Identifier: Apache-2.0

// Package tty sets terminals, on the host and in a guest. Do not use it for
// anything but the lab: golang.org/x/term has more.
package tty
