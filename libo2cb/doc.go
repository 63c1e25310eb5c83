// SPDX-License-Identifier: Apache-2.0

// Package libo2cb turns /etc/ocfs2/cluster.conf into a running O2CB cluster, and
// says what runs. It is the front door over the packages below it:
//
//	m := libo2cb.New(libo2cb.Options{})
//	report, err := m.Online(ctx, "")
//	status, err := m.Status(ctx)
//	report, err = m.Offline(ctx, "")
//
// Every call looks first and then changes only what differs; doing it twice
// changes nothing. A change that fails is taken back. Changes wait for one
// another, also between processes.
//
// Do not use this package
//   - to take locks: that is package libo2dlm, which needs nothing of this one;
//   - to edit cluster.conf: package conf does, and touches no kernel;
//   - with the user stacks pcmk and cman, whose members corosync knows;
//   - to be told when a node loses the cluster: its own kernel resets it then.
package libo2cb
