// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"os"
	"sync"
)

// maxFrame is the largest Ethernet frame that the switch forwards, in bytes.
const maxFrame = 65550

// ethernetHeader is the length of two addresses and a type.
const ethernetHeader = 14

// network is the switch between the nodes. Port i is node i's. It learns nothing:
// a frame goes to the port that its destination address names, and any other to
// all ports but its own. Every ordered pair of ports is a link with its own faults.
type network struct {
	macs  [][6]byte
	links [][]*link // [from][to], nil on the diagonal
	wait  sync.WaitGroup

	mu    sync.Mutex
	ports []*port // nil while a node is off
}

func newNetwork(nodes int) *network {
	n := &network{macs: make([][6]byte, nodes), links: make([][]*link, nodes), ports: make([]*port, nodes)}
	for i := range nodes {
		n.macs[i] = macOf(i)
		n.links[i] = make([]*link, nodes)
		for j := range nodes {
			if i != j {
				n.links[i][j] = newLink(func(frame []byte) { n.deliver(j, frame) })
			}
		}
	}
	return n
}

// macOf is the address of node i's network device: locally administered.
func macOf(i int) [6]byte { return [6]byte{0x02, 0x0c, 0xb2, 0, 0, byte(i + 1)} }

// attach connects our end of a node's packet socket. The port is detached when
// the node's end closes.
func (n *network) attach(i int, conn *os.File) {
	p := newPort(conn)
	n.mu.Lock()
	n.ports[i] = p
	n.mu.Unlock()
	n.wait.Go(p.send)
	n.wait.Go(func() {
		n.receive(i, conn)
		n.mu.Lock()
		if n.ports[i] == p {
			n.ports[i] = nil
		}
		n.mu.Unlock()
		p.close()
	})
}

// receive forwards what node i sends until its end closes.
func (n *network) receive(i int, conn *os.File) {
	buf := make([]byte, maxFrame)
	for {
		size, err := conn.Read(buf)
		if err != nil || size == 0 {
			return
		}
		if size >= ethernetHeader {
			n.forward(i, append([]byte(nil), buf[:size]...))
		}
	}
}

func (n *network) forward(from int, frame []byte) {
	to := [6]byte(frame[:6])
	for i, mac := range n.macs {
		if mac == to {
			if i != from {
				n.links[from][i].carry(frame)
			}
			return
		}
	}
	for i, l := range n.links[from] {
		if i != from {
			l.carry(frame)
		}
	}
}

func (n *network) deliver(to int, frame []byte) {
	n.mu.Lock()
	p := n.ports[to]
	n.mu.Unlock()
	if p != nil {
		p.queueFrame(frame)
	}
}

// close ends all links and waits for every goroutine. The nodes must be off.
func (n *network) close() {
	for _, row := range n.links {
		for _, l := range row {
			if l != nil {
				l.close()
			}
		}
	}
	n.mu.Lock()
	for _, p := range n.ports {
		if p != nil {
			p.conn.Close() // ends receive
		}
	}
	n.mu.Unlock()
	n.wait.Wait()
}

// portQueue is how many frames wait for a node that does not read: half a
// megabyte or so, like a small switch. What comes beyond is dropped.
const portQueue = 512

// port is the switch's end of one node's network device.
type port struct {
	conn  *os.File
	queue chan []byte
	done  chan struct{}
}

func newPort(conn *os.File) *port {
	return &port{conn: conn, queue: make(chan []byte, portQueue), done: make(chan struct{})}
}

// queueFrame never waits: a node that hangs must not hold up the others.
func (p *port) queueFrame(frame []byte) {
	select {
	case p.queue <- frame:
	default:
	}
}

// send writes the queue to the node until close.
func (p *port) send() {
	for {
		select {
		case frame := <-p.queue:
			if _, err := p.conn.Write(frame); err != nil {
				return
			}
		case <-p.done:
			return
		}
	}
}

func (p *port) close() {
	close(p.done)
	p.conn.Close()
}
