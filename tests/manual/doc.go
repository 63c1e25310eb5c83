// SPDX-License-Identifier: Apache-2.0

// Package manual turns the man pages, which are written in Markdown in docs/man, into
// roff. Its tests show in a guest with a running cluster that man(1) renders each
// without a warning, that the examples print what the pages say, and that shells
// complete.
//
// Whether the pages and the program agree on verbs, options and exit statuses is
// tested beside the program. It is no converter for other Markdown: it knows what
// our pages use.
package manual
