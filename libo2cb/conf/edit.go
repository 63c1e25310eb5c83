// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Why an edit is refused. The methods of File wrap them in an *EditError.
var (
	ErrClusterExists  = errors.New("the cluster already exists")
	ErrNodeExists     = errors.New("the node already exists")
	ErrRegionExists   = errors.New("the heartbeat region already exists")
	ErrUnknownCluster = errors.New("no such cluster")
	ErrUnknownNode    = errors.New("no such node")
	ErrUnknownRegion  = errors.New("no such heartbeat region")
)

// EditError says which edit of which object is refused.
type EditError struct {
	Op     string // "add node"
	Object string // its name
	Err    error
}

// Error returns operation, object and cause in one line.
func (e *EditError) Error() string { return fmt.Sprintf("%s %q: %v", e.Op, e.Object, e.Err) }

// Unwrap returns the cause.
func (e *EditError) Unwrap() error { return e.Err }

// AddCluster adds a cluster without nodes at the end of the file. It fails with
// ErrClusterExists. Here as in the other edits the rules on names and numbers are
// not checked: Findings tells, and Edit refuses to save.
func (f *File) AddCluster(name string) error {
	return f.edit("add cluster", name, func() error {
		if f.clusterStanza(name) != nil {
			return ErrClusterExists
		}
		return f.insert(nil, f.lastStanza(cluster.KindCluster), newStanza{
			kind: cluster.KindCluster,
			values: map[string]string{
				cluster.AttributeName:          name,
				cluster.AttributeHeartbeatMode: string(cluster.LocalHeartbeat),
				cluster.AttributeNodeCount:     "0",
			},
		})
	})
}

// RemoveCluster removes a cluster with all its nodes and regions. It fails with ErrUnknownCluster.
func (f *File) RemoveCluster(name string) error {
	return f.edit("remove cluster", name, func() error {
		s := f.clusterStanza(name)
		if s == nil {
			return ErrUnknownCluster
		}
		f.remove(append(f.membersOf(name), s)...)
		return nil
	})
}

// RenameCluster renames a cluster in its stanza and in those of its nodes and
// regions. It fails with ErrUnknownCluster and ErrClusterExists.
func (f *File) RenameCluster(name, to string) error {
	return f.edit("rename cluster", name, func() error {
		s := f.clusterStanza(name)
		switch {
		case s == nil:
			return ErrUnknownCluster
		case name == to:
			return nil
		case f.clusterStanza(to) != nil:
			return fmt.Errorf("to %q: %w", to, ErrClusterExists)
		}
		changes := []splice{f.setting(s, cluster.AttributeName, to)}
		for _, m := range f.membersOf(name) {
			changes = append(changes, f.setting(m, cluster.AttributeCluster, to))
		}
		return f.set(to, changes...)
	})
}

// SetHeartbeatMode sets the heartbeat mode of a cluster. It fails with ErrUnknownCluster.
func (f *File) SetHeartbeatMode(name string, mode cluster.HeartbeatMode) error {
	return f.SetClusterAttribute(name, cluster.AttributeHeartbeatMode, string(mode))
}

// SetClusterAttribute sets an attribute of a cluster in place, or adds it below
// the others. It fails with ErrUnknownCluster. To change the name use RenameCluster.
func (f *File) SetClusterAttribute(name, attribute, value string) error {
	return f.edit("set "+attribute+" of cluster", name, func() error {
		s := f.clusterStanza(name)
		if s == nil {
			return ErrUnknownCluster
		}
		return f.set(value, f.setting(s, attribute, value))
	})
}

// AddNode adds a node behind the last one of the cluster, laid out like it, and
// corrects node_count. It fails with ErrUnknownCluster and ErrNodeExists.
func (f *File) AddNode(of string, n cluster.Node) error {
	return f.edit("add node", n.Name, func() error {
		if f.clusterStanza(of) == nil {
			return fmt.Errorf("to cluster %q: %w", of, ErrUnknownCluster)
		}
		if f.memberStanza(cluster.KindNode, of, cluster.AttributeName, n.Name) != nil {
			return ErrNodeExists
		}
		err := f.insertMember(of, newStanza{
			kind: cluster.KindNode,
			values: map[string]string{
				cluster.AttributeCluster: of,
				cluster.AttributeName:    n.Name,
				cluster.AttributeNumber:  strconv.Itoa(n.Number),
				cluster.AttributeAddress: n.Address.String(),
				cluster.AttributePort:    strconv.Itoa(n.Port),
			},
		})
		if err != nil {
			return err
		}
		return f.correctNodeCount(of)
	})
}

// RemoveNode removes a node and corrects node_count. It fails with ErrUnknownCluster and ErrUnknownNode.
func (f *File) RemoveNode(of, name string) error {
	return f.edit("remove node", name, func() error {
		s, err := f.node(of, name)
		if err != nil {
			return err
		}
		f.remove(s)
		return f.correctNodeCount(of)
	})
}

// SetNodeAttribute sets an attribute of a node in place, or adds it below the
// others. It fails with ErrUnknownCluster and ErrUnknownNode, and with
// ErrNodeExists for a new name that is taken.
func (f *File) SetNodeAttribute(of, name, attribute, value string) error {
	return f.edit("set "+attribute+" of node", name, func() error {
		s, err := f.node(of, name)
		if err != nil {
			return err
		}
		if attribute == cluster.AttributeName && value != name && f.memberStanza(cluster.KindNode, of, attribute, value) != nil {
			return fmt.Errorf("to %q: %w", value, ErrNodeExists)
		}
		return f.set(value, f.setting(s, attribute, value))
	})
}

// AddRegion adds a heartbeat region behind the last one of the cluster. It fails
// with ErrUnknownCluster and ErrRegionExists.
func (f *File) AddRegion(of, region string) error {
	return f.edit("add heartbeat region", region, func() error {
		if f.clusterStanza(of) == nil {
			return fmt.Errorf("to cluster %q: %w", of, ErrUnknownCluster)
		}
		if f.memberStanza(cluster.KindHeartbeat, of, cluster.AttributeRegion, region) != nil {
			return ErrRegionExists
		}
		return f.insertMember(of, newStanza{
			kind:   cluster.KindHeartbeat,
			values: map[string]string{cluster.AttributeCluster: of, cluster.AttributeRegion: region},
		})
	})
}

// RemoveRegion removes a heartbeat region. It fails with ErrUnknownCluster and ErrUnknownRegion.
func (f *File) RemoveRegion(of, region string) error {
	return f.edit("remove heartbeat region", region, func() error {
		if f.clusterStanza(of) == nil {
			return fmt.Errorf("from cluster %q: %w", of, ErrUnknownCluster)
		}
		s := f.memberStanza(cluster.KindHeartbeat, of, cluster.AttributeRegion, region)
		if s == nil {
			return fmt.Errorf("of cluster %q: %w", of, ErrUnknownRegion)
		}
		f.remove(s)
		return nil
	})
}

// edit runs a change that needs the whole text understood; on an error the file is as before.
func (f *File) edit(op, object string, change func() error) error {
	if err := f.syntax.ErrPermissive(); err != nil {
		return &EditError{Op: op, Object: object, Err: err}
	}
	before := f.tree.text
	if err := change(); err != nil {
		if f.tree.text != before {
			f.parse(before)
		}
		return &EditError{Op: op, Object: object, Err: err}
	}
	return nil
}

// node finds the stanza of a node.
func (f *File) node(of, name string) (*stanza, error) {
	if f.clusterStanza(of) == nil {
		return nil, fmt.Errorf("of cluster %q: %w", of, ErrUnknownCluster)
	}
	s := f.memberStanza(cluster.KindNode, of, cluster.AttributeName, name)
	if s == nil {
		return nil, fmt.Errorf("of cluster %q: %w", of, ErrUnknownNode)
	}
	return s, nil
}

// clusterStanza returns the first stanza of a cluster, or nil.
func (f *File) clusterStanza(name string) *stanza {
	for _, s := range f.tree.stanzas {
		if value, there := f.tree.attributeValue(s, cluster.AttributeName); s.kind == string(cluster.KindCluster) && there && value == name {
			return s
		}
	}
	return nil
}

// membersOf returns the stanzas of the nodes and regions of a cluster.
func (f *File) membersOf(of string) []*stanza {
	var members []*stanza
	for _, s := range f.tree.stanzas {
		if f.tree.member(s, cluster.KindNode, of) || f.tree.member(s, cluster.KindHeartbeat, of) {
			members = append(members, s)
		}
	}
	return members
}

// memberStanza returns the first stanza of a cluster's member with that value, or nil.
func (f *File) memberStanza(kind cluster.Kind, of, attribute, value string) *stanza {
	for _, s := range f.membersOf(of) {
		if v, there := f.tree.attributeValue(s, attribute); s.kind == string(kind) && there && v == value {
			return s
		}
	}
	return nil
}

// lastStanza returns the last stanza of a kind, or nil.
func (f *File) lastStanza(kind cluster.Kind) *stanza {
	var last *stanza
	for _, s := range f.tree.stanzas {
		if s.kind == string(kind) {
			last = s
		}
	}
	return last
}

// correctNodeCount makes node_count the number of nodes.
func (f *File) correctNodeCount(of string) error {
	nodes := 0
	for _, s := range f.membersOf(of) {
		if s.kind == string(cluster.KindNode) {
			nodes++
		}
	}
	s := f.clusterStanza(of)
	if text, there := f.tree.attributeValue(s, cluster.AttributeNodeCount); there && text == strconv.Itoa(nodes) {
		return nil
	}
	return f.set("", f.setting(s, cluster.AttributeNodeCount, strconv.Itoa(nodes)))
}
