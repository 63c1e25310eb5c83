// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Setting names what can differ: one of those of cluster.Timing, or these.
const (
	SettingName    = "cluster_name"
	SettingMode    = "heartbeat_mode"
	SettingNodes   = "nodes"
	SettingRegions = "regions" // of global heartbeat
	SettingFile    = "file"    // the configuration file, where it is not what runs
)

// Difference is one setting that another node has otherwise.
type Difference struct {
	Setting string `json:"setting"`
	Own     string `json:"own"`
	Theirs  string `json:"theirs"`
}

// String returns the difference as "dead_threshold is 31 there and 5 here".
func (d Difference) String() string {
	return fmt.Sprintf("%s is %s there and %s here", d.Setting, d.Theirs, d.Own)
}

// Compare returns in what two records differ, nothing when they agree. A
// configuration file counts only where it is not what runs on its node: else it
// differs as the layouts do.
func Compare(own, theirs Record) []Difference {
	var found []Difference
	add := func(setting, own, theirs string) {
		if own != theirs {
			found = append(found, Difference{setting, own, theirs})
		}
	}
	a, b := own.Layout, theirs.Layout
	add(SettingName, a.Name, b.Name)
	add(SettingMode, a.Describe(SettingMode), b.Describe(SettingMode))
	add(SettingNodes, a.Describe(SettingNodes), b.Describe(SettingNodes))
	if a.Mode == b.Mode {
		add(SettingRegions, a.Describe(SettingRegions), b.Describe(SettingRegions))
	}
	for _, s := range cluster.TimingSettings() {
		add(string(s), orUnknown(own.Timing.Get(s)), orUnknown(theirs.Timing.Get(s)))
	}
	if own.File != theirs.File {
		add(SettingFile, own.file(), theirs.file())
	}
	return found
}

// file says what the configuration file of a node is to what runs there.
func (r Record) file() string {
	switch r.File {
	case Digest{}:
		return "not readable"
	case r.Layout.Digest():
		return "what runs"
	default:
		return fmt.Sprintf("not what runs (%s)", r.File)
	}
}

// list describes a list by its length and its digest.
func list(n int, noun string, d Digest) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s (%s)", n, noun, d)
}

func orUnknown(value string) string {
	if value == "" {
		return "unknown"
	}
	return value
}
