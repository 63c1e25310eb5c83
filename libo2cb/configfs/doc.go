// SPDX-License-Identifier: Apache-2.0

// Package configfs reads the cluster that the kernel's node manager holds into
// the model and changes it by single typed operations, each of which either
// happens whole or leaves configfs as it was.
//
//	fs := configfs.New("/sys/kernel/config")
//	c, err := fs.Cluster("web")
//	err = fs.AddNode("web", cluster.Node{Name: "b", Number: 1, Address: addr, Port: 7777})
//
// Every refusal of the kernel comes back as an [*Error] with the operation, the
// path, the value and the errno, and says in words what the errno means there.
// Values that the kernel ignores in silence are read back and reported as
// [ErrIgnored].
//
// Do not use this package
//   - to bring a cluster up or down: it knows files, not the order of steps;
//     package plan does;
//   - to load modules or mount configfs: package stack does;
//   - with the user stacks (pcmk, cman): their members are not in configfs;
//   - to remove a tree: a recursive removal below a live cluster succeeds and
//     destroys the cluster, so there is no such operation here.
//
// The layout is that of fs/ocfs2/cluster/nodemanager.c and heartbeat.c.
package configfs
