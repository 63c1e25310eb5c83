// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func([]string) int{"power": power, "quota": quota})
}
