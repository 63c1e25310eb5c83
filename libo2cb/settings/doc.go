// SPDX-License-Identifier: Apache-2.0

// Package settings reads and rewrites the settings file of the O2CB init script,
// /etc/sysconfig/o2cb or /etc/default/o2cb: whether to start at boot, which
// cluster, and how patient it is with its nodes.
//
// The init script runs that file as a shell program. This package never does: a
// line is NAME=VALUE with a plain or a quoted value, and whatever else the shell
// would make something of is reported with its line and what to write instead.
//
// It is the wrong package for other files in /etc/default: one that relies on
// the shell cannot be read without it.
package settings
