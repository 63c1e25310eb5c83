// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Evict makes everybody let go of the cluster, so that [Manager.Offline] can
// follow: it asks processes to give up locks, terminates and then kills those
// that use a volume or a lock domain, unmounts the volumes, and in local mode
// leaves the lock domains and stops the regions. Each rung is for those whom the
// one before left. name may be empty, or must be the kernel's cluster. It returns
// what it did, in order and also when it fails; observe, which may be nil, is told
// of each act before. Needs root and Linux 5.3 (pidfd_open, pidfd_send_signal).
//
// Asking is a touch of the lock file (utimensat(2)), which its holder sees by
// inotify(7) as IN_ATTRIB. An open, which it sees as well, can hang in the kernel.
//
// A process gets SIGTERM, and the time of the ladder, before SIGKILL; nobody gets a
// signal who does not use the cluster at that moment. Process 1, this process, its
// ancestors and the leader of its session get none, and neither loop device, swap,
// NFS server nor another file system on a volume is taken away: such is an
// [*ObstacleError], and nothing is touched. A process that waits in the kernel for
// a lock, all the time that others get to give theirs up, is a [*StuckError], and
// nobody gets a signal. Any error after the first act is an [*EvictError], and so is the
// end of ctx, which is looked at between acts and while it waits. Below the root of
// another system nothing is touched.
//
// It does not keep others from changing the cluster or from starting to use it.
func (m *Manager) Evict(ctx context.Context, name string, ladder Ladder, observe func(Eviction)) ([]Eviction, error) {
	if observe == nil {
		observe = func(Eviction) {}
	}
	e := &evicting{Manager: m, ladder: ladder, observe: observe, done: []Eviction{}}
	err := e.run(ctx, name)
	if err != nil && len(e.done) > 0 {
		err = e.explain(ctx, err)
	}
	if err != nil {
		err = fmt.Errorf("evict: %w", err)
	}
	return e.done, err
}

// evicting is one call of Evict.
type evicting struct {
	*Manager
	ladder  Ladder
	observe func(Eviction)
	done    []Eviction
}

func (e *evicting) run(ctx context.Context, name string) error {
	// Whoever is at it finishes first; and who is not root learns it here.
	_, unlock, err := e.lock(ctx)
	if err != nil {
		return err
	}
	unlock()
	_, have, err := e.running()
	if err != nil || have == nil {
		return err
	}
	if name != "" && name != have.Name {
		return &NotOnlineError{Name: name, Online: have.Name}
	}
	if err := e.checkObstacles(ctx); err != nil {
		return err
	}
	if err := e.checkProc(); err != nil {
		return err
	}
	crowd := &crowd{ladder: e.ladder, find: e.find, send: signalAll, spare: e.spare, knock: knock, act: e.act}
	if err := crowd.disperse(ctx); err != nil {
		return err
	}
	if err := e.unmountAll(ctx); err != nil {
		return err
	}
	return e.stopLocal(ctx)
}

// checkProc refuses where the numbers of processes are not those of this system:
// below the root of another one.
func (e *evicting) checkProc() error {
	path := e.path("proc/self")
	if self, err := os.Readlink(path); err != nil || self != strconv.Itoa(os.Getpid()) {
		return fmt.Errorf("%s is not this process: the processes below root %s are not those of this system, and nobody is stopped", path, e.root)
	}
	return nil
}

// act notes an act that is about to be done.
func (e *evicting) act(a Eviction) {
	e.log.WithField("act", string(a.Act)).Debug(a.String())
	e.done = append(e.done, a)
	e.observe(a)
}

// explain adds what is still in use to an error.
func (e *evicting) explain(ctx context.Context, err error) error {
	users, _, findErr := e.users(context.WithoutCancel(ctx))
	if findErr != nil || users.empty() {
		return &EvictError{Err: err}
	}
	if _, have, err := e.running(); err == nil && have != nil {
		users.Cluster = have.Name
	}
	return &EvictError{Err: err, Left: users}
}

// suspect is a process that uses the cluster.
type suspect struct {
	pid     int
	start   string // with the pid it identifies the process
	command string
	uses    []string
	locks   []string // files of locks that it has open
	waits   []Waiter // its threads that wait for locks
}

func (s suspect) same(t suspect) bool { return s.pid == t.pid && s.start == t.start }

// waiter is the process as one that does not go.
func (s suspect) waiter() Waiter { return Waiter{PID: s.pid, Command: s.command} }

// among returns those of some that are, as they are now, in all.
func among(some, all []suspect) (now []suspect) {
	for _, a := range all {
		if slices.ContainsFunc(some, a.same) {
			now = append(now, a)
		}
	}
	return now
}

// find returns the processes that use the cluster, by pid.
func (e *evicting) find(ctx context.Context) ([]suspect, error) {
	users, _, err := e.users(ctx)
	if err != nil {
		return nil, err
	}
	var found []suspect
	one := func(pid int, command string) *suspect {
		for i := range found {
			if found[i].pid == pid {
				return &found[i]
			}
		}
		found = append(found, suspect{pid: pid, command: command})
		return &found[len(found)-1]
	}
	for _, d := range users.Domains {
		for _, h := range d.Holders {
			s := one(h.PID, h.Command)
			if h.Resource == "" {
				s.uses = append(s.uses, "domain "+d.Name)
				continue
			}
			s.uses = append(s.uses, fmt.Sprintf("lock %s of domain %s", h.Resource, d.Name))
			s.locks = append(s.locks, filepath.Join(d.Name, h.Resource))
		}
	}
	for _, v := range users.Mounts {
		for _, u := range v.Users {
			s := one(u.PID, u.Command)
			for _, use := range u.Uses {
				s.uses = append(s.uses, fmt.Sprintf("%s on %s", article(use), v.Target))
			}
		}
	}
	for _, w := range users.Waiting {
		s := one(w.PID, w.Command)
		s.uses = append(s.uses, "asked for a lock")
		s.waits = append(s.waits, w)
	}
	return e.identify(found), nil
}

// article writes a use as "its working directory" or "an open file".
func article(use string) string {
	if use == "open file" {
		return "an " + use
	}
	if use == "mapped file" {
		return "a " + use
	}
	return "its " + use
}

// identify adds when the processes began and leaves those out that are gone.
func (e *evicting) identify(found []suspect) (there []suspect) {
	for _, s := range found {
		st, err := readStat(e.process(s.pid))
		if err != nil {
			continue
		}
		s.start = st.start
		for i, file := range s.locks {
			s.locks[i] = e.lockPath(file)
		}
		there = append(there, s)
	}
	slices.SortFunc(there, func(a, b suspect) int { return a.pid - b.pid })
	return there
}

// lockPath returns the path of a lock's file; empty when dlmfs is gone.
func (e *evicting) lockPath(file string) string {
	mountPoint, err := e.stack.DLMFS()
	if err != nil {
		return ""
	}
	return filepath.Join(mountPoint, file)
}
