// SPDX-License-Identifier: Apache-2.0

package cluster

// Severity says what a broken rule does to a cluster.
type Severity string

// A broken rule is an error when the original README calls it a must or the
// kernel refuses it, and a warning when a cluster still works.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Code names a rule for programs. Codes do not change from release to release.
type Code string

// The rules on a model. Package conf adds those that only a text can break.
const (
	CodeNameEmpty       Code = "name-empty"        // a name of no bytes
	CodeNameUnsafe      Code = "name-unsafe"       // '/', "..", a control byte, or the name "."; never permissible
	CodeNameTooLong     Code = "name-too-long"     // longer than its limit
	CodeNameCharacters  Code = "name-characters"   // a character outside [-a-zA-Z0-9_]
	CodeNameStart       Code = "name-start"        // the first character is no letter
	CodeNumberRange     Code = "number-range"      // a node number outside 0..MaxNodeNumber
	CodePortRange       Code = "port-range"        // a port outside MinPort..MaxPort
	CodeAddressInvalid  Code = "address-invalid"   // no IPv4 address at all
	CodeAddressIPv6     Code = "address-ipv6"      // an IPv6 address
	CodeAddressUnusable Code = "address-unusable"  // an IPv4 address that no node can have
	CodeAddressLoopback Code = "address-loopback"  // 127.0.0.0/8 in a cluster of several nodes
	CodeRegionFormat    Code = "region-format"     // a region that is not 32 upper-case hexadecimal digits
	CodeHeartbeatMode   Code = "heartbeat-mode"    // neither local nor global
	CodeNodeCount       Code = "node-count"        // node_count differs from the number of nodes
	CodeDuplicateName   Code = "duplicate-name"    // two nodes of one name
	CodeDuplicateNumber Code = "duplicate-number"  // two nodes of one number
	CodeDuplicateAddr   Code = "duplicate-address" // two nodes of one address
	CodeDuplicateRegion Code = "duplicate-region"  // one region twice
	CodeTooManyNodes    Code = "too-many-nodes"    // more than MaxNodes
	CodeTooManyRegions  Code = "too-many-regions"  // more than MaxRegions
)

// Kind is a kind of object in a cluster, spelt as the stanza of cluster.conf.
type Kind string

// The kinds of objects.
const (
	KindCluster   Kind = "cluster"
	KindNode      Kind = "node"
	KindHeartbeat Kind = "heartbeat"
)

// The attributes of the objects, spelt as in cluster.conf. ocfs2.cluster.conf(5).
const (
	AttributeName          = "name"
	AttributeNodeCount     = "node_count"
	AttributeHeartbeatMode = "heartbeat_mode"
	AttributeCluster       = "cluster"
	AttributeNumber        = "number"
	AttributeAddress       = "ip_address"
	AttributePort          = "ip_port"
	AttributeRegion        = "region"
)

// Subject is the attribute that a violation is about.
type Subject struct {
	Kind      Kind
	Index     int // in Cluster.Nodes or Cluster.Regions; 0 for the cluster itself
	Attribute string
}

// Violation is one rule that one value breaks.
type Violation struct {
	Subject  Subject
	Code     Code
	Severity Severity

	// Permissible marks an error against a rule that neither the C tools nor the
	// kernel enforce: a cluster that ran with it yesterday runs with it today.
	Permissible bool

	Found    string   // what stands there, with the value quoted
	Expected string   // what the rule asks for
	Mend     string   // what to do about it
	First    *Subject // of a duplicate: where the value stands first
}

// about returns the violations with their subject filled in.
func about(s Subject, found []Violation) []Violation {
	for i := range found {
		found[i].Subject = s
	}
	return found
}
