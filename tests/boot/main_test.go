// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"os"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestMain(m *testing.M) {
	// They would reach the packages under test.
	for _, name := range []string{"LC_ALL", "LANG", "LANGUAGE"} {
		os.Unsetenv(name)
	}
	lab.Main(m, map[string]func([]string) int{"watch": watch, "write": write})
}
