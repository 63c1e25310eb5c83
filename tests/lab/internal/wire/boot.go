// SPDX-License-Identifier: Apache-2.0

package wire

// Agent is the name under which a command of the lab is the agent itself.
const Agent = "lab-agent"

// BootFile is where the agent finds its Boot, as JSON, in the initramfs.
const BootFile = "/lab.json"

// Boot tells the agent what to make of the machine that it is process 1 of.
type Boot struct {
	Hostname   string
	Hosts      []Host   // every node of the cluster, for /etc/hosts
	Address    string   // IPv4 address of this node, in a /24
	Interface  string   // the network device that carries Address
	Channel    string   // the character device of the control channel, or its virtio port name
	Modules    []string // modules in the initramfs, in the order to load them
	ModuleTree string   // where the kernel's modules are in the guest's root; linked to /lib/modules/RELEASE
	Host       Source   // the host's root
	Packages   *Source  // a directory of unpacked packages laid over the host's root, or nil
	Repository string   // the host's directory that the guest must see even if it is below its own /tmp
	Root       string   // the device, an ext4, that keeps what the guest writes; "" keeps it in memory
	Init       []string // the program that becomes process 1 when the node is set up, with its arguments; nil: the agent stays
}

// Host is a line of /etc/hosts.
type Host struct {
	Name, Address string
}

// Source is a directory of the host as the guest mounts it, always read-only.
type Source struct {
	Type    string // file system type: hostfs or 9p
	Tag     string // mount source
	Options string
}
