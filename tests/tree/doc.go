// SPDX-License-Identifier: Apache-2.0

// Package tree holds the rules of the house as tests: who may import whom,
// licence lines, package comments. It is no place for tests of behaviour.
package tree
