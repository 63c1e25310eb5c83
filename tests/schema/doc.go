// SPDX-License-Identifier: Apache-2.0

// Package schema holds what o2cb_ctl prints with --json against the schemas in
// docs/schema: on a real kernel, from an empty machine to a running heartbeat and
// back, failures included. That the schemas are those of the types is tested with
// the command.
package schema
