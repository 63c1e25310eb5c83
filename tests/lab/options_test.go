// SPDX-License-Identifier: Apache-2.0

package lab

import "testing"

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"512": 512, "4K": 4096, "64M": 64 << 20, "2G": 2 << 30,
		"": 0, "K": 0, "-1": 0, "0": 0, "1T": 0, "1.5G": 0, "9999999999G": 0, " 1": 0,
	} {
		got, err := parseSize(text)
		if (err == nil) != (want > 0) || (err == nil && got != want) {
			t.Errorf("%q: got %d and error %v, want %d", text, got, err, want)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for name, options := range map[string][]Option{
		"no node":        {Nodes(0)},
		"too many nodes": {Nodes(maxNodes + 1)},
		"odd disk":       {Disk("d", "1000")},
		"unreadable":     {Disk("d", "much")},
		"little memory":  {Memory("1M")},
		"two processors": {Processors(2)},
		"no processor":   {QEMU(), Processors(0)},
	} {
		if _, err := newConfig(options); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
