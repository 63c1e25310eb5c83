// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func([]string) int{"watch": watch, "write": write})
}
