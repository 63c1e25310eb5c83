// SPDX-License-Identifier: Apache-2.0

// Package plan computes the steps that turn the cluster the kernel has into the
// one that is wanted, and applies them: all of them, or none.
//
//	p, err := plan.Between(have, want)
//	if p.Empty() { … nothing to do … }
//	err = plan.Apply(ctx, kernel, p, nil)
//
// Computing is pure: the package knows steps and their order, not files. What
// it is applied to is an interface over the packages configfs and heartbeat. A
// [Journal] notes on disk how far an Apply came, for whoever comes after a crash.
//
// Do not use this package for modules or mounts: package stack does those. It does not validate a configuration either;
// package conf does, and a plan made from an invalid cluster fails at the
// kernel's first refusal, undone.
package plan
