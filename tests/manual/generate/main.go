// SPDX-License-Identifier: Apache-2.0

// Command generate writes the man pages as roff into a folder, for "make man". It is
// no part of what is installed.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/o2cb-go/o2cb/tests/manual"
)

func main() {
	root := flag.String("root", "..", "`folder` of the repository")
	version := flag.String("version", "", "`version` for the footers")
	to := flag.String("to", "", "`folder` to write to")
	flag.Parse()
	if err := generate(*root, *version, *to); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(root, version, to string) error {
	pages, err := manual.Pages(root)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, p := range pages {
		text, err := p.Roff(version)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, p.Name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
