// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"fmt"
	"strings"

	"github.com/moby/sys/mountinfo"
)

// Mount is one entry of the mount table.
type Mount struct {
	Source string `json:"source"` // the device
	Target string `json:"target"` // the directory
	Type   string `json:"type"`
}

// Mounts returns the mounts of a file system type that this process can see, in
// the order of the mount table. /proc/self/mountinfo, proc(5).
func (s *Stack) Mounts(fstype string) ([]Mount, error) {
	path := s.path("proc/self/mountinfo")
	text, err := readText(path)
	if err != nil {
		return nil, err
	}
	infos, err := mountinfo.GetMountsFromReader(strings.NewReader(text), func(i *mountinfo.Info) (skip, stop bool) {
		return i.FSType != fstype, false
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var mounts []Mount
	for _, i := range infos {
		mounts = append(mounts, Mount{Source: i.Source, Target: i.Mountpoint, Type: i.FSType})
	}
	return mounts, nil
}

// hasType tells whether the kernel knows a file system type. /proc/filesystems
// has one a line, after "nodev" and a tab where no device is needed.
func (s *Stack) hasType(fstype string) (bool, error) {
	text, err := readText(s.path("proc/filesystems"))
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) > 0 && fields[len(fields)-1] == fstype {
			return true, nil
		}
	}
	return false, nil
}
