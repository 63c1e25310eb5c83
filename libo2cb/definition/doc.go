// SPDX-License-Identifier: Apache-2.0

// Package definition carries whole cluster definitions between programs: the
// nodes, the heartbeat mode, the regions and the timing of one or more clusters
// as TOML or JSON, to and from the model of package cluster.
//
// Reading is strict: an unknown key, a value of a wrong type or one that breaks
// a rule of package cluster is a finding with its line. All are found at once.
//
// It is the wrong package for cluster.conf, which is package conf's: the kernel's
// helpers and the C tools read no other file than that.
package definition
