// SPDX-License-Identifier: Apache-2.0

package service

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func([]string) int{"holder": holder, "typist": typist})
}

// holder holds a lock until it is killed.
func holder(args []string) int {
	f, err := os.OpenFile(args[0], os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer f.Close()
	fmt.Println("ready")
	time.Sleep(time.Hour)
	return 0
}

const script = "/etc/init.d/o2cb"

// install puts the product in the places of Debian's programs, in a guest.
func install(t *testing.T, n *lab.Node) {
	t.Helper()
	tool := rig.Tool(t, "o2cb_ctl")
	repository := filepath.Dir(filepath.Dir(tool))
	n.Push(tool, "/usr/sbin/o2cb_ctl")
	n.MustShell("for name in o2cb ocfs2_hb_ctl o2hbmonitor; do ln -sf o2cb_ctl /usr/sbin/$name; done")
	n.Push(filepath.Join(repository, "init", "o2cb"), script)
}
