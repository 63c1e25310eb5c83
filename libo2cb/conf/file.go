// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/safefile"
)

// MaxSize is the size of a file in bytes above which it is not read. A full
// cluster of 255 nodes and 32 regions takes less than a twentieth of it.
const MaxSize = 1 << 20

// File is a cluster.conf: its text, byte for byte, and what the text means. It
// is not safe for concurrent use.
type File struct {
	name     string // for positions
	tooLarge bool
	syntax   Findings // what keeps the text from being read as a whole
	findings Findings
	tree     tree
	clusters []*cluster.Cluster

	// loaded is what Load found on disk; nil for a text from elsewhere.
	loaded *safefile.Source
}

// Parse reads a text. It never fails: the findings say what is wrong, all of it
// at once, and the File holds what could be read. Whoever acts on the File looks
// at Findings.Err or ErrPermissive first.
//
// name stands in the positions of the findings and is not opened. A text of more
// than MaxSize bytes is one finding and a File without clusters.
func Parse(name string, data []byte) (*File, Findings) {
	f := &File{name: name}
	if len(data) > MaxSize {
		f.refuseSize(string(data))
		return f, f.findings
	}
	f.parse(string(data))
	return f, f.findings
}

// parse replaces the text of the file.
func (f *File) parse(text string) {
	lines, scanned := scan(f.name, text)
	t, built := build(f.name, text, lines)
	clusters, modelled := model(f.name, &t)
	f.tree, f.clusters = t, clusters
	textual := append(scanned, built...)
	f.syntax = textual.Errors()
	f.syntax.sort()
	f.findings = append(textual, modelled...)
	f.findings.sort()
}

// refuseSize makes f the File of a text that is too large.
func (f *File) refuseSize(text string) {
	f.tooLarge = true
	f.tree = tree{text: text}
	f.findings = Findings{{
		Pos: Pos{File: f.name, Line: 1, Column: 1}, Severity: cluster.SeverityError, Code: CodeFileTooLarge,
		Found: "a file of more than 1 MiB", Expected: fmt.Sprintf("at most %d bytes", MaxSize),
		Mend: "look whether it is a cluster.conf at all",
	}}
	f.syntax = f.findings
}

// Findings returns what is wrong with the file as it stands, edits included.
func (f *File) Findings() Findings { return f.findings }

// Bytes returns the text: what was read when nothing was edited. Of a file that
// Load refused for its size it is empty.
func (f *File) Bytes() []byte { return []byte(f.tree.text) }

// Clusters returns the clusters in the order of the file. The second of two
// clusters of one name is left out, as are nodes and regions of no cluster. What
// a finding says could not be read is missing: -1 for a number, the zero address.
func (f *File) Clusters() []*cluster.Cluster { return f.clusters }

// Cluster returns the cluster called name, or nil.
func (f *File) Cluster(name string) *cluster.Cluster {
	for _, c := range f.clusters {
		if c.Name == name {
			return c
		}
	}
	return nil
}
