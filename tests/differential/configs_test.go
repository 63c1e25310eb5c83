// SPDX-License-Identifier: Apache-2.0

package differential

import "strings"

// noFile stands for a cluster.conf that does not exist.
const noFile = "-"

// stanza writes one stanza: its head, then "key value" pairs.
func stanza(head string, pairs ...string) string {
	return head + ":\n\t" + strings.Join(pairs, "\n\t") + "\n\n"
}

func clusterStanza(name, count string) string {
	return stanza("cluster", "name = "+name, "node_count = "+count)
}

func nodeStanza(of, name, number, address, port string) string {
	return stanza("node", "cluster = "+of, "number = "+number, "ip_port = "+port, "ip_address = "+address, "name = "+name)
}

func regionStanza(of, region string) string {
	return stanza("heartbeat", "cluster = "+of, "region = "+region)
}

const (
	regionA = "77D95EF51C0149D2823674FCC162CF8B"
	regionB = "0123456789ABCDEF0123456789ABCDEF"
)

// two is the ordinary file: the guest, which is node0, and a peer.
func two() string {
	return clusterStanza("web", "2") +
		nodeStanza("web", "node0", "0", "10.9.0.1", "7777") +
		nodeStanza("web", "beta", "1", "10.9.0.2", "7777")
}

// pairOfClusters has a node of one name in both.
func pairOfClusters() string {
	return two() + clusterStanza("db", "2") +
		nodeStanza("db", "gamma", "3", "10.9.1.3", "7778") +
		nodeStanza("db", "beta", "4", "10.9.1.4", "7778")
}

// global has a heartbeat mode and two regions.
func global() string {
	return stanza("cluster", "name = web", "heartbeat_mode = global", "node_count = 1") +
		regionStanza("web", regionA) + regionStanza("web", regionB) +
		nodeStanza("web", "node0", "0", "10.9.0.1", "7777")
}

// odd has what the C tools pass over: comments, blanks, dots, unknown words, a
// mode in capitals, a gap in the numbers.
func odd() string {
	return "# kept\ncluster:\n# inside\n  name=web  \n\theartbeat_mode = LOCAL\n\tnode_count = 2\n\tcolour = blue\n" +
		"node:\n  cluster = web\n  name = node0.example.com\n  number = 0\n  ip_address = 10.9.0.1\n  ip_port = 7777\r\n\n" +
		nodeStanza("web", "2nd_node", "5", "10.9.0.2", "7777") + stanza("printer", "name = laser") +
		nodeStanza("wbe", "lost", "9", "10.9.0.9", "7777")
}

// wild has numbers that the C loader takes and the kernel does not.
func wild() string {
	return clusterStanza("web", "2") +
		nodeStanza("web", "node0", "300", "10.9.0.1", "7777") +
		nodeStanza("web", "beta", "1", "10.9.0.2", "70000")
}

// lie states a wrong node_count.
func lie() string {
	return strings.Replace(two(), "node_count = 2", "node_count = 7", 1)
}

// gap has as many nodes as its highest number.
func gap() string {
	return clusterStanza("web", "2") +
		nodeStanza("web", "alpha", "1", "10.9.0.1", "7777") +
		nodeStanza("web", "beta", "2", "10.9.0.2", "7777")
}

// twin has two nodes that match the guest's host name.
func twin() string {
	return two()[:strings.Index(two(), "node:")] +
		nodeStanza("web", "node0", "0", "10.9.0.1", "7777") +
		nodeStanza("web", "NODE0", "1", "10.9.0.2", "7777")
}

// stranger has no node that matches the guest's host name.
func stranger() string { return strings.ReplaceAll(two(), "node0", "alpha") }

// empty has a cluster without nodes.
func empty() string { return clusterStanza("web", "0") }

// The files that not both tools load.
const (
	noName     = "cluster:\n\tnode_count = 0\n"
	emptyName  = "cluster:\n\tname =\n\tnode_count = 0\n"
	badSyntax  = "cluster:\n\tname = web\n\tnode_count = 0\n\n\tname = again\n"
	badHead    = "cluster :\n\tname = web\n\tnode_count = 0\n"
	badAddress = "cluster:\n\tname = web\n\tnode_count = 1\n\nnode:\n\tcluster = web\n\tname = a\n\tnumber = 0\n\tip_address = 10.0.0.300\n\tip_port = 7777\n"
	badNumber  = "cluster:\n\tname = web\n\tnode_count = 1\n\nnode:\n\tcluster = web\n\tname = a\n\tnumber = x\n\tip_address = 10.0.0.3\n\tip_port = 7777\n"
)
