// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Request is what a child process is asked to do.
type Request struct {
	Mount  string `json:"mount"`            // of dlmfs
	Node   int    `json:"node"`             // the number of this node
	Record []byte `json:"record,omitempty"` // what to publish
	Ask    []int  `json:"ask,omitempty"`    // the numbers of the nodes whose records are wanted
	// Leave has it leave the domain, and do nothing else.
	Leave bool `json:"leave,omitempty"`
	// Patience is how long it may take, in milliseconds; Ask sets it.
	Patience int64 `json:"patience_ms"`
}

// step is a part of a child's work.
type step string

const (
	stepPublish step = "publish" // join and publish
	stepRead    step = "read"
	stepLeave   step = "leave"
	stepEnd     step = "end" // no answer comes after it
)

// answer is what a child tells of one step, a line of JSON each.
type answer struct {
	Step   step          `json:"step"`
	Node   int           `json:"node,omitempty"`
	Block  []byte        `json:"block,omitempty"`
	Absent bool          `json:"absent,omitempty"`
	Error  string        `json:"error,omitempty"`
	Errno  syscall.Errno `json:"errno,omitempty"`
}

// parallel is how many nodes are asked at once: those that do not answer must not
// keep the others back, and each of them costs a thread.
const parallel = 16

// Serve is the whole program of the child process: it reads a Request from in and
// writes what came of it to out. It returns when all is done or its time is over.
// Requests to the kernel may then be under way still, and the process ends only
// when they do.
//
// lockFiles are the descriptors of the lock files that it was given. It writes its
// number into them and leaves them open, whatever happens: they have to be locked
// as long as the process is there.
func Serve(in io.Reader, out io.Writer, lockFiles ...int) error {
	// Whoever asked may have gone. What was begun is ended all the same.
	signal.Ignore(syscall.SIGPIPE)
	var r Request
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	for _, fd := range lockFiles {
		notePID(fd)
	}
	s := &server{domain: newDomain(r.Mount), out: json.NewEncoder(out)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serve(r)
	}()
	end := time.NewTimer(time.Duration(r.Patience) * time.Millisecond)
	defer end.Stop()
	select {
	case <-done:
	case <-end.C:
	}
	s.tell(answer{Step: stepEnd})
	return nil
}

// notePID writes who holds a lock file. It is for people: a failure changes
// nothing. An *os.File would close the descriptor when it is forgotten.
func notePID(fd int) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return
	}
	if err := unix.Ftruncate(fd, 0); err == nil {
		_, _ = unix.Pwrite(fd, fmt.Appendln(nil, os.Getpid()), 0)
	}
}

// server serves one request.
type server struct {
	domain *domain

	mu    sync.Mutex
	out   *json.Encoder
	ended bool
}

func (s *server) serve(r Request) {
	if r.Leave {
		s.tell(outcome(answer{Step: stepLeave}, s.domain.leave()))
		return
	}
	err := s.domain.join()
	if err == nil && r.Record != nil {
		err = s.domain.publish(r.Node, r.Record)
	}
	s.tell(outcome(answer{Step: stepPublish}, err))
	if err == nil {
		s.readAll(r.Ask)
	}
}

func (s *server) readAll(nodes []int) {
	var all sync.WaitGroup
	turns := make(chan struct{}, parallel)
	for _, n := range nodes {
		turns <- struct{}{}
		if s.over() {
			break
		}
		all.Go(func() {
			defer func() { <-turns }()
			block, err := s.domain.read(n)
			a := answer{Step: stepRead, Node: n, Block: block, Absent: errors.Is(err, errAbsent)}
			s.tell(outcome(a, err))
		})
	}
	all.Wait()
}

// outcome puts an error into an answer.
func outcome(a answer, err error) answer {
	if err == nil || a.Absent {
		return a
	}
	a.Error = err.Error()
	errors.As(err, &a.Errno)
	return a
}

// tell writes an answer. One that cannot be written is wanted by nobody.
func (s *server) tell(a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = a.Step == stepEnd
	_ = s.out.Encode(a)
}

func (s *server) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}
