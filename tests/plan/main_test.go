// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func([]string) int{
		"sweep":  sweep,
		"stale":  stale,
		"append": appendLines,
	})
}
