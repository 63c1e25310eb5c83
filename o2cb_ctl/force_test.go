// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestForceFlags(t *testing.T) {
	for _, verb := range []string{"offline", "unload"} {
		for args, says := range map[string]string{
			"--grace 5s":          "o2cb_ctl: --grace is for --force\n",
			"--force --grace -1s": "o2cb_ctl: --grace -1s: want a time of 0s or more\n",
			"--force --grace 5":   `o2cb_ctl: invalid argument "5" for "--grace" flag`,
		} {
			var out, err bytes.Buffer
			line := append([]string{verb, "--root", t.TempDir()}, strings.Fields(args)...)
			status := runVerbs(t.Context(), line, streams{nil, &out, &err})
			if status != 1 || out.Len() > 0 || !strings.HasPrefix(err.String(), says) {
				t.Errorf("%q: status %d, %q, %q", line, status, out.String(), err.String())
			}
		}
	}
}
