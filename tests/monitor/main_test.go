// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func([]string) int{"beating": beating})
}

// beating is the role that says who beats on a disk, within the time that it is
// given: beating LIMIT COMMAND…, of which the command reads the blocks.
func beating(args []string) int {
	limit, err := time.ParseDuration(args[0])
	if err == nil {
		ctx, stop := context.WithTimeout(context.Background(), limit)
		defer stop()
		var nodes []int
		if nodes, err = heartbeat.Beating(ctx, exec.Command(args[1], args[2:]...)); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(nodes)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
