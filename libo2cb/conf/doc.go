// SPDX-License-Identifier: Apache-2.0

// Package conf reads, checks, edits and saves /etc/ocfs2/cluster.conf.
//
// The grammar is that of the C tools (ocfs2-tools), so a file means here what it
// means to them. What they refuse without a word, or pass in silence, is
// reported as a Finding with its exact place. A File keeps every byte of its
// text: comments, order and layout survive an edit of something else.
//
//	f, findings, err := conf.Load("/etc/ocfs2/cluster.conf")
//	…
//	err = conf.Edit(ctx, "/etc/ocfs2/cluster.conf", func(f *conf.File) error {
//		return f.AddNode("web", cluster.Node{Name: "c", Number: 2, Address: addr, Port: 7777})
//	})
//
// It is the wrong package to learn which nodes the kernel knows: the file may
// have changed since the cluster went online, see package configfs. It does not
// read the stack's settings (/etc/default/o2cb), and it is no parser for other
// formats in stanzas, such as AIX's, whose rules differ.
package conf
