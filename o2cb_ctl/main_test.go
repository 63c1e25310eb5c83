// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the command, under each of its names, so that
// the scripts run it as a process.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"o2cb_ctl":     main,
		"o2cb":         main,
		"o2hbmonitor":  main,
		"ocfs2_hb_ctl": main,
	})
}

// TestScripts runs testdata/script: what a person types, and what must come back.
// Nothing in it needs a kernel with O2CB; that is what the lab is for.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}
