// SPDX-License-Identifier: Apache-2.0

// Package cluster is the model of an O2CB cluster and the rules that make one
// valid: what /etc/ocfs2/cluster.conf describes and what the kernel's node
// manager holds, in one shape, so that the two can be compared.
//
// The package does no input or output and imports nothing of this project.
// Text becomes a model in package conf, the running kernel in package configfs.
//
// It is the wrong package for a cluster of another stack: with pcmk or cman the
// members are known to corosync and neither to cluster.conf nor to configfs.
package cluster
