// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
)

// verbs are the agent's lives other than process 1.
var verbs = map[string]func(args []string) error{
	"supervise": supervise,
	"serve":     serveBesideInit,
	"put":       put,
	"get":       get,
}

func main() {
	if os.Getpid() == 1 {
		boot()
		return
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("nothing to do: the lab starts this program")
	}
	verb, ok := verbs[args[0]]
	if !ok {
		return fmt.Errorf("unknown verb %q", args[0])
	}
	return verb(args[1:])
}
