// SPDX-License-Identifier: Apache-2.0

// Package userstack tests libo2dlm on dlmfs over the kernel's user cluster stack,
// pcmk: its locks are those of fs/dlm then, not of O2CB. The daemons that this
// stack needs, dlm_controld and ocfs2_controld, are played by a role of this test
// binary, because the real ones need a corosync cluster around them.
//
// It is the wrong place for what libo2dlm does over O2CB, and for what members of
// a cluster that come and go do to fs/dlm: here they stay who they are.
package userstack
