// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
)

// version is stamped by the linker.
var version = "dev"

// streams are the three standard ones, so that a test can call the command in its own process.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	os.Exit(run(&interruptible{}, os.Args, streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run is the whole program: it behaves as the tool whose name it was called by
// (as busybox does) and returns the exit status.
func run(ctx context.Context, args []string, std streams) int {
	if completeHistorical(ctx, args, std) {
		return 0
	}
	switch filepath.Base(args[0]) {
	case "ocfs2_hb_ctl":
		return runHeartbeatControl(ctx, args[1:], std)
	case "o2cb":
		return runO2CB(ctx, args, std)
	case monitorName:
		return runMonitor(ctx, args[1:], std)
	default:
		return runVerbs(ctx, args[1:], std)
	}
}
