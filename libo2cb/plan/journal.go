// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Journal notes on disk how far an [Apply] came, so that whoever comes after a
// crash can tell. Only one process may write it at a time; reading needs no
// exclusion. Where it lies should be gone after a reboot, as the kernel's cluster
// is; the boot's identity in the entry keeps an older one from being believed.
//
// It is a file of lines of JSON, first an [Entry], then events. It is not synced:
// it has to survive a process, not the machine.
type Journal struct {
	path string
	boot string
	file *os.File // between Begin and the end
	last int      // index of the plan's last step
}

// NewJournal returns the journal in the file path. boot identifies the boot of
// the machine; a journal of another boot reads as none.
func NewJournal(path, boot string) *Journal { return &Journal{path: path, boot: boot} }

// Entry is what a journal starts with.
type Entry struct {
	Operation string    `json:"operation"` // in words: "online"
	PID       int       `json:"pid"`
	Begun     time.Time `json:"begun"`
	Boot      string    `json:"boot"`
	Plan      *Plan     `json:"plan"`
	// Commit is set when the steps are followed by a change of a file: until it
	// took place they are to be taken back.
	Commit *Commit `json:"commit,omitempty"`
}

// Commit names the file that is changed after the kernel.
type Commit struct {
	Path string `json:"path"`
}

// Interrupted is an operation that did not come to its end.
type Interrupted struct {
	Entry
	Standing int  `json:"standing"` // how many of the steps stand for certain
	Doubtful bool `json:"doubtful"` // whether the next one may stand too, or part of it
	Undoing  bool `json:"undoing"`  // whether they were being taken back
}

// Taken returns the steps that stand or may stand.
func (i *Interrupted) Taken() []Step {
	n := i.Standing
	if i.Doubtful {
		n++
	}
	return i.Plan.Steps[:min(n, len(i.Plan.Steps))]
}

// String returns the operation and where it stopped, as in "online by process 12
// was cut short at step 3 of 7 (add node …)".
func (i *Interrupted) String() string {
	what := "was cut short"
	if i.Undoing {
		what = "was cut short while it was being undone,"
	}
	text := fmt.Sprintf("%s by process %d %s", i.Operation, i.PID, what)
	if i.AllStand() {
		return text + " after its last step"
	}
	return fmt.Sprintf("%s at step %d of %d (%s)", text, i.Standing+1, len(i.Plan.Steps), i.Plan.Steps[i.Standing])
}

// AllStand tells whether all steps were taken and none taken back.
func (i *Interrupted) AllStand() bool {
	return i.Standing >= len(i.Plan.Steps) && !i.Undoing
}

// Begin writes the first line in place of whatever the journal held, and keeps
// the file open until End or Keep.
func (j *Journal) Begin(e Entry) error {
	e.Boot, j.last = j.boot, len(e.Plan.Steps)-1
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("note the plan: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o755); err != nil {
		return fmt.Errorf("note the plan: %w", err)
	}
	beside := j.path + ".new"
	if j.file, err = os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644); err != nil {
		return fmt.Errorf("note the plan: %w", err)
	}
	err = j.file.Chmod(0o644) // whatever the umask: status needs no privilege
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if err == nil {
		err = os.Rename(beside, j.path)
	}
	if err != nil {
		return fmt.Errorf("note the plan: %w", errors.Join(err, j.close()))
	}
	return nil
}

// Note appends an event, unless the next one implies it. One write is one line: a
// crash leaves it out or, torn, at the end, where Read passes it over.
func (j *Journal) Note(e Event) error {
	if e.Phase == Done && e.Index < j.last {
		return nil
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("note a step: %w", err)
	}
	return nil
}

// Close lets go of the journal, which stays as it is.
func (j *Journal) Close() { _ = j.close() }

// close lets go of the file.
func (j *Journal) close() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}

// End removes the journal: the operation came to its end or left nothing behind.
func (j *Journal) End() error {
	if err := j.close(); err != nil {
		return fmt.Errorf("end the note of the plan: %w", err)
	}
	if err := os.Remove(j.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("end the note of the plan: %w", err)
	}
	return nil
}

// Keep makes the journal that of the last operation that came to its end, which
// Last returns.
func (j *Journal) Keep() error {
	if err := j.close(); err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	if err := os.Rename(j.path, j.kept()); err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	return nil
}

func (j *Journal) kept() string { return j.path + ".last" }

// Forget removes what Keep kept.
func (j *Journal) Forget() error {
	return NewJournal(j.kept(), j.boot).End()
}

// Last returns the last operation that was kept, nil when there is none.
func (j *Journal) Last() (*Entry, error) {
	i, err := read(j.kept(), j.boot)
	if i == nil {
		return nil, err
	}
	return &i.Entry, nil
}

// Read returns the operation that did not come to its end, nil when there is
// none. A file that is not a journal is an error.
func (j *Journal) Read() (*Interrupted, error) { return read(j.path, j.boot) }

func read(path, boot string) (*Interrupted, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the note of an operation: %w", err)
	}
	i, err := parseJournal(data)
	if err != nil {
		return nil, fmt.Errorf("read the note of an operation: %s: %w; remove the file", path, err)
	}
	if i.Boot != boot {
		return nil, nil
	}
	return i, nil
}

// parseJournal reads an entry and its events. What does not end in a line break
// was torn by a crash.
func parseJournal(data []byte) (*Interrupted, error) {
	lines := bytes.Split(data, []byte("\n"))
	lines = lines[:len(lines)-1]
	if len(lines) == 0 {
		return nil, errors.New("line 1 is not whole")
	}
	var i Interrupted
	if err := json.Unmarshal(lines[0], &i.Entry); err != nil {
		return nil, fmt.Errorf("line 1: %w", err)
	}
	if i.Plan == nil {
		return nil, errors.New("line 1: it has no plan")
	}
	for n, line := range lines[1:] {
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+2, err)
		}
		if e.Index < 0 || e.Index >= len(i.Plan.Steps) {
			return nil, fmt.Errorf("line %d: there is no step %d", n+2, e.Index)
		}
		i.follow(e)
	}
	return &i, nil
}

// follow brings i to where it is after an event.
func (i *Interrupted) follow(e Event) {
	i.Undoing = e.Phase == Undoing || e.Phase == Undone
	i.Doubtful = e.Phase == Doing || e.Phase == Undoing
	i.Standing = e.Index
	if e.Phase == Done {
		i.Standing++
	}
}
