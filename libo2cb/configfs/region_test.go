// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A region with a heartbeat thread stays, whatever the kernel answered: to remove
// it crashes the kernel.
func TestDropFailed(t *testing.T) {
	const region = "cluster/web/heartbeat/R"
	for _, tt := range []struct {
		name    string
		pid     string // what the attribute holds; "none": there is no attribute
		failure error
		half    bool
	}{
		{"interrupted", "471\n", newError("write", "/R/dev", "5", unix.EIO), true},
		{"local node removed", "471\n", newError("write", "/R/dev", "5", unix.EINVAL), true},
		{"anything", "471\n", newError("write", "/R/dev", "5", unix.ENOMEM), true},
		{"refused", "", newError("write", "/R/dev", "5", unix.EINVAL), false},
		{"geometry refused", "", newError("write", "/R/blocks", "256", unix.ERANGE), false},
		{"kernel does not tell", "none", newError("write", "/R/dev", "5", unix.EINVAL), true},
		{"kernel does not tell, geometry", "none", newError("write", "/R/blocks", "256", unix.ERANGE), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fs, root := fixture(t, web)
			if err := os.Mkdir(filepath.Join(root, region), 0o755); err != nil {
				t.Fatal(err)
			}
			if tt.pid != "none" {
				put(t, filepath.Join(root, region, "pid"), tt.pid)
			}
			group, err := fs.in("web", "heartbeat")
			if err != nil {
				t.Fatal(err)
			}
			defer group.close()
			err = dropFailed(group, "R", tt.failure)
			if errors.Is(err, ErrHalfStarted) != tt.half {
				t.Errorf("dropFailed() = %v, half started: %t", err, tt.half)
			}
			// A plain directory with a file in it is not empty; configfs does not mind.
			if !tt.half && err != nil && !errors.Is(err, unix.ENOTEMPTY) {
				t.Errorf("dropFailed() = %v, want an attempt at rmdir", err)
			}
		})
	}
}
