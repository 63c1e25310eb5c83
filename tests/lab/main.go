// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
)

// Main is for TestMain. In a guest, started by RunSelf, it calls the role's
// function and exits with its value; else it runs the tests and exits. When they
// have passed it still fails if they left a goroutine or a child process behind.
func Main(m *testing.M, roles map[string]func(args []string) int) {
	Play(roles)
	status := m.Run()
	if status == 0 {
		if err := leaks(); err != nil {
			fmt.Fprintln(os.Stderr, "lab: left behind by the tests:", err)
			status = 1
		}
	}
	os.Exit(status)
}

// Play is for the main function of a program: started by RunSelf it calls the
// role's function and exits with its value, else it returns.
func Play(roles map[string]func(args []string) int) {
	name, ok := os.LookupEnv(roleEnv)
	if !ok {
		return
	}
	role, ok := roles[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "lab: no role %q: there are %q\n", name, slices.Sorted(maps.Keys(roles)))
		os.Exit(125)
	}
	os.Exit(role(os.Args[1:]))
}
