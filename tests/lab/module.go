// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// moduleFiles returns the files to load for the named modules, in the order to
// load them. tree is the directory of one kernel release. A name that is not
// among the modules is taken to be built into the kernel.
func moduleFiles(tree string, names ...string) ([]string, error) {
	f, err := os.Open(filepath.Join(tree, "modules.dep"))
	if err != nil {
		return nil, fmt.Errorf("modules of the guest's kernel: %w: %s", err, mend)
	}
	defer f.Close()
	needs, err := parseModulesDep(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	var files []string
	for _, name := range names {
		for _, file := range needs[name] {
			path := filepath.Join(tree, file)
			if !slices.Contains(files, path) {
				files = append(files, path)
			}
		}
	}
	return files, nil
}

// parseModulesDep reads modules.dep(5), lines of
//
//	kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/netfs/netfs.ko
//
// with all that a module needs, the last to be loaded first. It returns what to
// load for each module's name, in order, the module itself last.
func parseModulesDep(r io.Reader) (map[string][]string, error) {
	needs := make(map[string][]string)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		file, rest, ok := strings.Cut(lines.Text(), ":")
		if !ok {
			return nil, fmt.Errorf("line %q has no colon", lines.Text())
		}
		files := strings.Fields(rest)
		slices.Reverse(files)
		name, _, _ := strings.Cut(filepath.Base(file), ".ko")
		// The kernel takes both spellings for the same.
		needs[strings.ReplaceAll(name, "-", "_")] = append(files, file)
	}
	return needs, lines.Err()
}
