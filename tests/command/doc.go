// SPDX-License-Identifier: Apache-2.0

// Package command tests bin/o2cb_ctl as an administrator uses it: the built
// binary, typed on real kernels, with Debian's C tools beside it. What a
// library does by itself is tested with the library.
package command
