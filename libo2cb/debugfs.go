// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// readNodeList returns the node numbers in a file of debugfs, and nil when it is
// not to be had: no debugfs, no privilege, an older kernel. What it would say is
// never more than a convenience.
func readNodeList(debugfs, rel string) []int {
	if debugfs == "" {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(debugfs, rel))
	if err != nil {
		return nil
	}
	return parseNodeList(string(text))
}

// parseNodeList parses "0 3 17 ", numbers with blanks between them and a newline
// at the end; nil when it is something else. o2hb_debug_open in
// fs/ocfs2/cluster/heartbeat.c, o2net_fill_bitmap in netdebug.c.
func parseNodeList(text string) []int {
	numbers := []int{}
	for _, field := range strings.Fields(text) {
		n, err := strconv.Atoi(field)
		if err != nil {
			return nil
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// contains tells whether a list has a number; nil when there is no list.
func contains(list []int, n int) *bool {
	if list == nil {
		return nil
	}
	is := slices.Contains(list, n)
	return &is
}
