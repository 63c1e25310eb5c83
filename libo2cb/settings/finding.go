// SPDX-License-Identifier: Apache-2.0

package settings

import "github.com/o2cb-go/o2cb/libo2cb/cluster"

// Rules on a settings file. Those on names and on the timing are package cluster's.
const (
	CodeFileTooLarge        cluster.Code = "file-too-large"       // more than MaxSize bytes; nothing was read
	CodeNUL                 cluster.Code = "nul"                  // a NUL byte, which the shell drops
	CodeCR                  cluster.Code = "syntax-cr"            // a carriage return, which the shell takes into the value
	CodeNoAssignment        cluster.Code = "no-assignment"        // a line that is not NAME=VALUE
	CodeCommandSubstitution cluster.Code = "command-substitution" // $(…) or a command in backticks
	CodeExpansion           cluster.Code = "variable-expansion"   // $NAME
	CodeShellSyntax         cluster.Code = "shell-syntax"         // another thing that only a shell understands
	CodeUnknownVariable     cluster.Code = "unknown-variable"     // a variable O2CB_… that nothing reads
	CodeRepeatedVariable    cluster.Code = "repeated-variable"    // a variable twice; the last one counts
	CodeNumberSyntax        cluster.Code = "number-syntax"        // no decimal number
	CodeStack               cluster.Code = "stack"                // a stack that is not of four characters
	CodeBoolean             cluster.Code = "boolean"              // neither true nor false, and so false
)

// Rules on an answer file.
const (
	CodeAnswerSyntax cluster.Code = "syntax"      // no TOML
	CodeUnknownKey   cluster.Code = "unknown-key" // a key that an answer file does not have
	CodeType         cluster.Code = "type"        // a value of another type
	CodeAnswer       cluster.Code = "answer"      // a value that no settings file may hold
)

// What is wrong with a text, in the shape of all texts that package cluster's
// rules are applied to.
type (
	Finding      = cluster.Finding
	Findings     = cluster.Findings
	InvalidError = cluster.InvalidError
)
