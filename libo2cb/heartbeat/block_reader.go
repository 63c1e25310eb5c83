// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// ErrReaderEnded says that the child of a [BlockReader] has ended.
var ErrReaderEnded = errors.New("the process that reads the disk has ended")

// Reading is the blocks of a region at one time.
type Reading struct {
	Slots []volume.Slot
	At    time.Time // when the disk had answered
}

// BlockReader reads the blocks of one region in a child process, so that a disk
// which does not answer hangs the child and nobody else. Methods are for one
// goroutine.
//
// The child has at most one question at a time, however often Read is called. One
// that hangs cannot be killed: [BlockReader.Close] leaves it to the kernel, which
// ends it when the disk has answered or failed.
type BlockReader struct {
	questions io.WriteCloser
	answers   chan received // closed when the child has ended
	child     *exec.Cmd
	asked     bool // a question is not answered yet
}

type received struct {
	answer
	at time.Time
}

// StartBlockReader starts child, which must run [ServeBlocks] on its standard
// input and output. Standard error is the caller's to choose; nil, which discards
// it, keeps a child that hangs from holding anything of the parent. The child gets
// the root as working directory and a process group of its own.
func StartBlockReader(child *exec.Cmd) (*BlockReader, error) {
	child.Dir = "/"
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	questions, err := child.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("heartbeat: start a reader: %w", err)
	}
	output, err := child.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("heartbeat: start a reader: %w", err)
	}
	if err := child.Start(); err != nil {
		return nil, fmt.Errorf("heartbeat: start a reader: %w", err)
	}
	// One question, so at most one answer waits: nobody is held up by it.
	r := &BlockReader{questions: questions, answers: make(chan received, 1), child: child}
	go func() {
		r.receive(output)
		// Its status says nothing that the end of its output has not said.
		_ = child.Wait()
	}()
	return r, nil
}

// receive takes answers from the child until they end.
func (r *BlockReader) receive(output io.Reader) {
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		a := received{at: time.Now()}
		if err := json.Unmarshal(line, &a.answer); err != nil {
			a.Error = fmt.Sprintf("the process that reads the disk says %.80q", line)
		}
		r.answers <- a
	}
	close(r.answers)
}

// Read returns the blocks, waiting for the disk until ctx ends. A question that
// was not answered then stays open: the next Read waits for its answer instead of
// asking again.
//
// The error is ctx.Err(), [ErrReaderEnded], after which this reader is of no more
// use, or what the disk answered, which wraps its errno.
func (r *BlockReader) Read(ctx context.Context) (Reading, error) {
	if !r.asked {
		// A line in an empty pipe: this does not wait.
		if _, err := r.questions.Write([]byte{'\n'}); err != nil {
			return Reading{}, fmt.Errorf("heartbeat: %w (%w)", ErrReaderEnded, err)
		}
		r.asked = true
	}
	select {
	case a, ok := <-r.answers:
		if !ok {
			return Reading{}, fmt.Errorf("heartbeat: %w", ErrReaderEnded)
		}
		r.asked = false
		return Reading{Slots: a.Slots, At: a.at}, a.err()
	case <-ctx.Done():
		return Reading{}, ctx.Err()
	}
}

// Close ends the child. It does not wait for it.
func (r *BlockReader) Close() {
	_ = r.questions.Close()
	// It may have ended already.
	_ = r.child.Process.Kill()
}
