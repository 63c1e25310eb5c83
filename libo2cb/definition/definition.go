// SPDX-License-Identifier: Apache-2.0

package definition

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Version is the version of the form, which stands in every definition that is written.
const Version = 1

// MaxSize is the size of a text in bytes above which it is not read. A cluster
// of 255 nodes and 32 regions takes less than a thirtieth of it.
const MaxSize = 1 << 20

// Definition is what a text defines.
type Definition struct {
	Clusters []*cluster.Cluster
}

// Format is a form of text.
type Format string

// The two forms, which say the same under the same keys.
const (
	TOML Format = "toml"
	JSON Format = "json"
)

// Why a definition cannot be written.
var (
	// ErrUnknownFormat is that a format is neither TOML nor JSON.
	ErrUnknownFormat = errors.New("unknown format: want toml or json")
	// ErrNotText is that a name is not UTF-8, in which both forms are written.
	ErrNotText = errors.New("a name is not valid UTF-8")
)

// Document is the form of a definition in JSON, and under the same keys in TOML.
type Document struct {
	Version  int       `toml:"version" json:"version"` // 1
	Clusters []Cluster `toml:"clusters" json:"clusters"`
}

// Cluster is the form of a cluster.
type Cluster struct {
	Name          string   `toml:"name" json:"name"`
	HeartbeatMode string   `toml:"heartbeat_mode" json:"heartbeat_mode"`     // local or global; local when it is not read
	Regions       []string `toml:"regions" json:"regions"`                   // UUIDs of volumes
	Timing        *Timing  `toml:"timing,omitempty" json:"timing,omitempty"` // without it the kernel's own
	Nodes         []Node   `toml:"nodes" json:"nodes"`
}

// Node is the form of a node.
type Node struct {
	Name    string `toml:"name" json:"name"`
	Number  int    `toml:"number" json:"number"`   // 0 to 254
	Address string `toml:"address" json:"address"` // IPv4
	Port    int    `toml:"port" json:"port"`       // 1 to 65534; 7777 when it is not read
}

// Timing is the form of a timing.
type Timing struct {
	IdleTimeoutMS    int64  `toml:"idle_timeout_ms,omitzero" json:"idle_timeout_ms,omitempty"`       // silence until a connection is given up
	KeepaliveDelayMS int64  `toml:"keepalive_delay_ms,omitzero" json:"keepalive_delay_ms,omitempty"` // silence until a keepalive packet is sent
	ReconnectDelayMS int64  `toml:"reconnect_delay_ms,omitzero" json:"reconnect_delay_ms,omitempty"` // pause before the next attempt to connect
	DeadThreshold    int    `toml:"dead_threshold,omitzero" json:"dead_threshold,omitempty"`         // dead after (threshold - 1) * 2 seconds
	FenceMethod      string `toml:"fence_method,omitempty" json:"fence_method,omitempty"`            // reset or panic
}

// Write returns the text of a definition. Which node is the local one and which
// device a region lies on is not in it: both differ from node to node. It fails
// with ErrUnknownFormat, and with ErrNotText on a name that would not come back.
func (d *Definition) Write(format Format) ([]byte, error) {
	doc, err := d.document()
	if err != nil {
		return nil, fmt.Errorf("write definition: %w", err)
	}
	var out bytes.Buffer
	switch format {
	case JSON:
		e := json.NewEncoder(&out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(doc)
	case TOML:
		e := toml.NewEncoder(&out)
		e.Indent = ""
		err = e.Encode(doc)
	default:
		err = fmt.Errorf("%q: %w", format, ErrUnknownFormat)
	}
	if err != nil {
		return nil, fmt.Errorf("write definition: %w", err)
	}
	return out.Bytes(), nil
}

func (d *Definition) document() (Document, error) {
	doc := Document{Version: Version, Clusters: []Cluster{}}
	for _, c := range d.Clusters {
		record := Cluster{Name: c.Name, HeartbeatMode: string(c.Mode()), Regions: []string{}, Nodes: []Node{}, Timing: newTiming(c.Timing)}
		names := []string{c.Name, string(c.Mode()), c.Timing.FenceMethod}
		for _, r := range c.Regions {
			record.Regions = append(record.Regions, r.Name)
			names = append(names, r.Name)
		}
		for _, n := range c.Nodes {
			record.Nodes = append(record.Nodes, Node{n.Name, n.Number, n.Address.String(), n.Port})
			names = append(names, n.Name)
		}
		for _, name := range names {
			if !utf8.ValidString(name) {
				return doc, fmt.Errorf("cluster %q: %q: %w", c.Name, name, ErrNotText)
			}
		}
		doc.Clusters = append(doc.Clusters, record)
	}
	return doc, nil
}

func newTiming(t cluster.Timing) *Timing {
	if t == (cluster.Timing{}) {
		return nil
	}
	return &Timing{t.IdleTimeout.Milliseconds(), t.KeepaliveDelay.Milliseconds(), t.ReconnectDelay.Milliseconds(), t.DeadThreshold, t.FenceMethod}
}
