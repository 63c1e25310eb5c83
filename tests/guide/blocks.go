// SPDX-License-Identifier: Apache-2.0

package guide

import (
	"fmt"
	"strings"
)

// A Block is a fenced block of commands in a page.
type Block struct {
	Line  int    // of its first command
	Where string // the words in the text before it that say where it is typed: one of places
	Text  string
}

// places are the words that say where a block is typed.
var places = []string{"on every node", "on alpha", "on beta", "on one node after the other", "on any node"}

// Blocks returns the blocks of a Markdown page that are marked sh. Each needs one of
// the places between it and the block before, or the heading before.
func Blocks(page string) ([]Block, error) {
	var blocks []Block
	var where string
	open := false
	for i, line := range strings.Split(page, "\n") {
		switch {
		case line == "```sh":
			if where == "" {
				return nil, fmt.Errorf("line %d: nothing says where this block is typed: one of %q", i+1, places)
			}
			open = true
			blocks = append(blocks, Block{Line: i + 2, Where: where})
		case strings.HasPrefix(line, "```") && !open:
			return nil, fmt.Errorf("line %d: a block that is not sh is not run: indent it", i+1)
		case line == "```":
			open, where = false, ""
		case open:
			blocks[len(blocks)-1].Text += line + "\n"
		case strings.HasPrefix(line, "#"):
			where = ""
		default:
			for _, place := range places {
				if strings.Contains(strings.ToLower(line), place) {
					where = place
				}
			}
		}
	}
	if open {
		return nil, fmt.Errorf("the last block does not end")
	}
	return blocks, nil
}
