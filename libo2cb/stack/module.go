// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// family are the modules of O2CB and OCFS2. What they pulled in with them is
// read from the kernel. Makefiles below fs/ocfs2.
func family() []string {
	return []string{
		"ocfs2", "ocfs2_dlmfs", "ocfs2_stack_o2cb", "ocfs2_stack_user", "ocfs2_dlm", "ocfs2_nodemanager", "ocfs2_stackglue",
	}
}

// crc32c begins the names of the drivers for the checksum of OCFS2's journal.
// jbd2 asks the kernel's crypto layer for it, which loads a driver that
// /proc/modules connects with nothing. An idle one that goes is brought back by
// the crypto layer for whoever asks next.
const crc32c = "crc32c"

// module is one line of /proc/modules.
type module struct {
	name string
	refs int      // how often it is used, also by things that are no modules
	by   []string // the modules that use it
}

// modules returns the loaded modules, newest first. A kernel without modules has
// none.
func (s *Stack) modules() ([]module, error) {
	path := s.path("proc/modules")
	text, err := readIfThere(path)
	if err != nil {
		return nil, err
	}
	modules, err := parseModules(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return modules, nil
}

// parseModules parses /proc/modules:
//
//	ocfs2_stackglue 20480 2 ocfs2_dlmfs,ocfs2_stack_o2cb, Live 0x0000000000000000
//	(1)             (2)   (3) (4)                         (5)  (6)
//
// (1) name, (2) bytes, (3) references, (4) users or "-", (5) state, (6) address.
// A kernel that cannot unload modules shows (3) as "-". m_show in
// kernel/module/procfs.c.
func parseModules(text string) ([]module, error) {
	var modules []module
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			return nil, fmt.Errorf("%q is not a line about a module", strings.TrimSpace(line))
		}
		m := module{name: fields[0]}
		if fields[2] != "-" {
			refs, err := strconv.Atoi(fields[2])
			if err != nil {
				return nil, fmt.Errorf("%q is not a number of references", fields[2])
			}
			m.refs = refs
		}
		if fields[3] != "-" {
			m.by = strings.FieldsFunc(fields[3], func(r rune) bool { return r == ',' })
		}
		modules = append(modules, m)
	}
	return modules, nil
}

func moduleNames(modules []module) []string {
	names := make([]string, len(modules))
	for i, m := range modules {
		names[i] = m.name
	}
	return names
}

// wake returns the modules of the stack that are loaded and all that came with
// them.
func wake(modules []module) []string {
	names := closure(modules, family())
	for _, m := range modules {
		if strings.HasPrefix(m.name, crc32c) {
			names = append(names, m.name)
		}
	}
	return names
}

// closure returns the names of the given modules that are loaded and of all the
// modules that they need.
func closure(modules []module, names []string) []string {
	var found []string
	for _, m := range modules {
		if slices.Contains(names, m.name) {
			found = append(found, m.name)
		}
	}
	for grown := true; grown; {
		grown = false
		for _, m := range modules {
			needed := slices.ContainsFunc(m.by, func(user string) bool { return slices.Contains(found, user) })
			if needed && !slices.Contains(found, m.name) {
				found = append(found, m.name)
				grown = true
			}
		}
	}
	return found
}
