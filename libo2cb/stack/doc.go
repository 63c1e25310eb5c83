// SPDX-License-Identifier: Apache-2.0

// Package stack loads and unloads what the O2CB cluster stack lives in: the
// kernel's modules and the pseudo file systems configfs, dlmfs and debugfs.
//
//	s := stack.New("/", nil)
//	actions, err := s.Load(ctx, nil)
//	mountPoint, err := s.ConfigFS()
//
// Load does only what is missing and writes down what was there before, so that
// Unload can lead back to it, no further and no less. Reading the state loads
// nothing and needs no privilege.
//
// Do not use this package for the cluster itself (package configfs and plan),
// nor to run the user stacks pcmk and cman: Load refuses while one of them is
// at work.
package stack
