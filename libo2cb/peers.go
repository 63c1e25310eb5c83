// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/peers"
)

// PeerState is what is known of another node's configuration.
type PeerState string

// The states of a peer.
const (
	PeerSame    PeerState = "same"
	PeerDiffers PeerState = "differs"
	PeerUnknown PeerState = "unknown"
)

// Peer is another node of the kernel's cluster, compared with this one.
type Peer struct {
	Name        string             `json:"name"`
	Number      int                `json:"number"`
	State       PeerState          `json:"state"`
	Differences []peers.Difference `json:"differences"`      // what differs, as far as it is known
	Reason      string             `json:"reason,omitempty"` // why it is unknown, or known without an answer
}

// PeerReport is how the configurations of the nodes compare.
type PeerReport struct {
	// Published says that the other nodes can read this one's configuration.
	Published bool `json:"published"`
	// Reason is why it is not published.
	Reason string `json:"reason,omitempty"`
	Peers  []Peer `json:"peers"` // all registered nodes but this one, by number
}

// PeerOptions say how to ask the other nodes.
type PeerOptions struct {
	// Path is the program, and Args its name and arguments, to run as a child
	// process; it has to call [peers.Serve]. o2cb_ctl is one, see its source.
	Path string
	Args []string
	// Patience is how long to wait for answers; DefaultPatience when 0.
	Patience time.Duration
}

// DefaultPatience is how long the other nodes are waited for. They answer within
// milliseconds, or not before a node that died is declared dead.
const DefaultPatience = 5 * time.Second

// peersFile is taken by the child process that asks the other nodes.
const peersFile = "run/o2cb/peers"

// Peers publishes this node's configuration to the other nodes of the kernel's
// cluster and returns how theirs compare, those of the kernel: what runs. It needs
// root and a heartbeat; what cannot be had is in the report, with the reason. An
// error says that this node itself cannot be read.
//
// It joins the lock domain [peers.DomainName], in which the node stays until
// [Manager.Offline] or the last heartbeat stops. In local mode a node that loses
// its last heartbeat while it is in a domain cannot be used for locks again before
// a reboot: so it publishes only where nothing but this package can stop the last
// region unasked, and leaves the domain where that is no longer so.
//
// While it asks, it holds off what changes the cluster. It waits no longer than
// PeerOptions.Patience and a second, whatever the kernel does.
func (m *Manager) Peers(ctx context.Context, o PeerOptions) (PeerReport, error) {
	report, err := m.peers(ctx, o, true)
	if err != nil {
		return report, fmt.Errorf("ask the other nodes: %w", err)
	}
	return report, nil
}

// Publish does what [Manager.Peers] does but for asking: it has the other nodes
// see what runs here. The report has no peers.
func (m *Manager) Publish(ctx context.Context, o PeerOptions) (PeerReport, error) {
	report, err := m.peers(ctx, o, false)
	if err != nil {
		return report, fmt.Errorf("publish the configuration: %w", err)
	}
	return report, nil
}

func (m *Manager) peers(ctx context.Context, o PeerOptions, ask bool) (PeerReport, error) {
	report := PeerReport{Peers: []Peer{}}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	q := &inquiry{manager: m, options: o, report: &report}
	err := q.look()
	if err != nil || q.cluster == nil {
		report.Reason = errNotOnline.Error()
		return report, err
	}
	if ask {
		report.Peers = unknownPeers(q.cluster)
	}
	q.run(ctx)
	return report, nil
}

// ownRecord returns what this node publishes.
func (m *Manager) ownRecord(have *cluster.Cluster) peers.Record {
	r := peers.Record{Layout: peers.LayoutOf(have), Timing: have.Timing}
	if local := have.Node(localName(have)); local != nil {
		r.Node = local.Number
	}
	// A file that cannot be read is a difference that the others may see.
	if file, _, err := conf.Load(m.config); err == nil {
		if c := file.Cluster(have.Name); c != nil {
			r.File = peers.LayoutOf(c).Digest()
		}
	}
	return r
}

// unknownPeers returns all registered nodes but the local one.
func unknownPeers(have *cluster.Cluster) []Peer {
	all := []Peer{}
	for _, n := range have.Nodes {
		if !n.Local {
			all = append(all, Peer{Name: n.Name, Number: n.Number, State: PeerUnknown, Differences: []peers.Difference{}})
		}
	}
	return all
}

// inquiry is one question to the other nodes.
type inquiry struct {
	manager *Manager
	options PeerOptions
	cluster *cluster.Cluster // nil for none
	own     peers.Record
	report  *PeerReport
}

// look reads the kernel's cluster.
func (q *inquiry) look() error {
	_, have, err := q.manager.running()
	if q.cluster = have; have != nil {
		q.own = q.manager.ownRecord(have)
	}
	return err
}

// run asks and fills the report.
func (q *inquiry) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, q.options.Patience)
	defer cancel()
	if err := q.ask(ctx); err != nil {
		q.report.Reason = err.Error()
		for i := range q.report.Peers {
			q.report.Peers[i].Reason = "nobody was asked: " + err.Error()
		}
	}
	q.addRefusals()
}

// ask has a child ask the other nodes. The child has the lock that holds off
// changes as long as it lives: none pulls the heartbeat away under it, and none
// finds it in the way.
func (q *inquiry) ask(ctx context.Context) error {
	m := q.manager
	held, err := m.holdOff(ctx)
	if err != nil {
		return err
	}
	defer held.Close()
	if err := q.look(); err != nil { // somebody may have changed it till now
		return err
	}
	if q.cluster == nil {
		return errNotOnline
	}
	mount, err := m.stack.DLMFS()
	if err != nil {
		return err
	}
	// Listing can be given up when somebody joins or leaves a domain, looking for
	// one name cannot.
	domains, err := m.domainNames(ctx)
	if err != nil {
		return err
	}
	joined := slices.Contains(domains, peers.DomainName)
	asker := peers.Asker{Path: q.options.Path, Args: q.options.Args, LockFile: m.path(peersFile), Keep: []*os.File{held}}
	request := peers.Request{Mount: mount, Node: q.own.Node}
	if unsafe := m.unsafeToJoin(ctx, q.cluster); unsafe != nil {
		if joined {
			return leavePeers(ctx, &asker, request, unsafe)
		}
		return unsafe
	}
	if !joined {
		if err := q.mayHang(); err != nil {
			return err
		}
	}
	record := q.own.Encode()
	request.Record = record[:]
	for _, p := range q.report.Peers {
		request.Ask = append(request.Ask, p.Number)
	}
	reply, err := asker.Ask(ctx, request)
	if err != nil {
		return err
	}
	if reply.Publish != nil {
		return whyNotPublished(reply.Publish)
	}
	q.report.Published = true
	for i := range q.report.Peers {
		q.compare(&q.report.Peers[i], reply)
	}
	return nil
}

// mayHang returns why not to join now. While a node is alive and not connected,
// because its timeouts are others, say, the kernel waits for half a minute, and
// all of dlmfs with it, before it refuses.
func (q *inquiry) mayHang() error {
	for _, r := range q.refusals() {
		if !r.Connected {
			return fmt.Errorf("no node can join a lock domain while node %d is alive and not connected: %s", r.Node, r.Text)
		}
	}
	return nil
}

// leavePeers leaves the domain and returns why.
func leavePeers(ctx context.Context, asker *peers.Asker, request peers.Request, why error) error {
	request.Leave = true
	reply, err := asker.Ask(ctx, request)
	if err == nil {
		err = reply.Publish
	}
	if err != nil {
		return fmt.Errorf("%w; and lock domain %s cannot be left: %w", why, peers.DomainName, err)
	}
	return why
}

// withdraw leaves the domain of the peers, which in global mode would keep the
// regions like anybody else's. The lock that excludes inquiries is held; the next
// one joins again.
func (m *Manager) withdraw(ctx context.Context) error {
	domains, err := m.domains(ctx)
	if err != nil {
		return err
	}
	idle, _ := divide(domains)
	if slices.Contains(idle, peers.DomainName) {
		_, err = m.leave([]string{peers.DomainName})
	}
	return err
}

// holdOff takes the lock of those that change the cluster, shared.
func (m *Manager) holdOff(ctx context.Context) (*os.File, error) {
	f, err := openLock(m.path(lockFile))
	if err != nil {
		return nil, needsRoot(err)
	}
	if err := waitFlock(ctx, f, unix.LOCK_SH); err != nil {
		f.Close()
		return nil, fmt.Errorf("another process is changing the cluster: %w", err)
	}
	return f, nil
}

// needsRoot says what a refusal of permission means here.
func needsRoot(err error) error {
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EROFS) {
		return fmt.Errorf("only root may ask: %w", err)
	}
	return err
}

// whyNotPublished adds to an errno what it means here.
func whyNotPublished(err error) error {
	switch {
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("the kernel does not let this node join: no heartbeat, or another configuration than the nodes that have joined: %w", err)
	case errors.Is(err, peers.ErrNoAnswer):
		return fmt.Errorf("%w: a node has died, perhaps, and is not yet declared dead", err)
	case errors.Is(err, unix.ENOTCONN):
		return fmt.Errorf("a node that is alive cannot be reached over the cluster's network: %w", err)
	}
	return err
}

// compare fills in what is known of a peer.
func (q *inquiry) compare(p *Peer, reply peers.Reply) {
	block, answered := reply.Records[p.Number]
	switch {
	case reply.Absent[p.Number]:
		p.Reason = "it has published nothing: it is down, without heartbeat, or no o2cb_ctl of it may publish"
	case reply.Errors[p.Number] != nil:
		p.Reason = reply.Errors[p.Number].Error()
	case !answered:
		p.Reason = fmt.Sprintf("no answer within %s: a node has died, perhaps this one, and is not yet declared dead", q.options.Patience)
	default:
		q.compareRecord(p, block)
	}
}

func (q *inquiry) compareRecord(p *Peer, block []byte) {
	theirs, err := peers.Decode(block)
	switch {
	case errors.Is(err, peers.ErrEmpty):
		p.Reason = "its record was lost with a node that died; o2cb_ctl status on it publishes it again"
	case err != nil:
		p.Reason = err.Error()
	case theirs.Node != p.Number:
		p.Reason = fmt.Sprintf("the record is that of node %d", theirs.Node)
	default:
		p.State = PeerSame
		if p.Differences = append(p.Differences, peers.Compare(q.own, theirs)...); len(p.Differences) > 0 {
			p.State = PeerDiffers
		}
	}
}

// refusals returns what the kernel log says of peers that are kept out now, or
// were when they were last seen.
func (q *inquiry) refusals() []peers.Refusal {
	now := kernelTime()
	return slices.DeleteFunc(peers.Refusals(q.manager.kernelLog()), func(r peers.Refusal) bool {
		outdated := r.Own != "" && r.Own != q.own.Timing.Get(cluster.Setting(r.Setting))
		return outdated || !r.Connected && now-r.At > q.logged()
	})
}

// logged is how long ago a node that cannot connect was logged last: it tries
// again after the reconnect delay, and after at most the idle timeout.
func (q *inquiry) logged() time.Duration {
	return 2*(q.own.Timing.IdleTimeout+q.own.Timing.ReconnectDelay) + 10*time.Second
}

// addRefusals adds what the kernel log says of the peers that did not answer.
func (q *inquiry) addRefusals() {
	if !slices.ContainsFunc(q.report.Peers, func(p Peer) bool { return p.State == PeerUnknown }) {
		return
	}
	refusals := q.refusals()
	for i := range q.report.Peers {
		p := &q.report.Peers[i]
		if p.State != PeerUnknown {
			continue
		}
		for _, r := range refusals {
			if r.Node == p.Number {
				q.addRefusal(p, r)
			}
		}
	}
}

func (q *inquiry) addRefusal(p *Peer, r peers.Refusal) {
	if r.Setting == "" {
		if p.State == PeerUnknown {
			p.Reason = "the kernel's log: " + r.Text
		}
		return
	}
	d := peers.Difference{Setting: r.Setting, Own: r.Own, Theirs: r.Theirs}
	if d.Own == "" {
		d.Own, d.Theirs = q.own.Layout.Describe(r.Setting), "another"
	}
	if p.State == PeerUnknown {
		p.State, p.Reason = PeerDiffers, "the kernel's log: "+r.Text
	}
	p.Differences = append(p.Differences, d)
}
