// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

func journal(t *testing.T) *Journal {
	t.Helper()
	return NewJournal(filepath.Join(t.TempDir(), "run", "journal"), "boot-1")
}

func begin(t *testing.T, j *Journal, p *Plan) {
	t.Helper()
	if err := j.Begin(Entry{Operation: "online", PID: 12, Begun: time.Now(), Plan: p}); err != nil {
		t.Fatal(err)
	}
}

// Each event, were it the last before a crash, has to tell where that was.
func TestJournalFollowsApply(t *testing.T) {
	_, p := fromNothing(t)
	j := journal(t)
	begin(t, j, p)
	s := &script{states: []*cluster.Cluster{nil}, fail: map[string]error{"add a": unix.EADDRNOTAVAIL}}
	var seen []string
	err := Apply(t.Context(), s, p, func(e Event) error {
		if err := j.Note(e); err != nil {
			t.Fatal(err)
		}
		i, err := j.Read()
		if err != nil {
			t.Fatal(err)
		}
		_, where, _ := strings.Cut(i.String(), "process 12 ")
		undoing := e.Phase == Undoing || e.Phase == Undone
		// That a step is done is not noted: that the next one begins says it.
		if i.Undoing != undoing || i.Doubtful != (e.Phase != Undone) {
			t.Errorf("after %v the journal has %+v", e, i)
		}
		seen = append(seen, where)
		return nil
	})
	if !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Fatal(err)
	}
	const cut, undone = "was cut short at ", "was cut short while it was being undone, at "
	want := []string{
		cut + "step 1 of 4 (create cluster web)", cut + "step 1 of 4 (create cluster web)",
		cut + "step 2 of 4 (set the heartbeat mode of cluster web to local)", cut + "step 2 of 4 (set the heartbeat mode of cluster web to local)",
		cut + "step 3 of 4 (add node b, number 1, 10.0.0.2 port 7777)", cut + "step 3 of 4 (add node b, number 1, 10.0.0.2 port 7777)",
		cut + "step 4 of 4 (add node a, number 0, 10.0.0.1 port 7777, the local node)",
		undone + "step 3 of 4 (add node b, number 1, 10.0.0.2 port 7777)", undone + "step 3 of 4 (add node b, number 1, 10.0.0.2 port 7777)",
		undone + "step 1 of 4 (create cluster web)", undone + "step 1 of 4 (create cluster web)",
	}
	if got := strings.Join(seen, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestJournalEnds(t *testing.T) {
	_, p := fromNothing(t)
	j := journal(t)
	if i, err := j.Read(); i != nil || err != nil {
		t.Errorf("Read() of none = %v, %v", i, err)
	}
	begin(t, j, p)
	if err := j.Keep(); err != nil {
		t.Fatal(err)
	}
	if i, err := j.Read(); i != nil || err != nil {
		t.Errorf("Read() after Keep = %v, %v", i, err)
	}
	last, err := j.Last()
	if err != nil || last == nil || last.Operation != "online" || len(last.Plan.Steps) != len(p.Steps) {
		t.Errorf("Last() = %+v, %v", last, err)
	}
	begin(t, j, p)
	if err := errors.Join(j.End(), j.End(), j.Forget()); err != nil {
		t.Error(err)
	}
	if last, err := j.Last(); last != nil || err != nil {
		t.Errorf("Last() after Forget = %v, %v", last, err)
	}
}

func TestJournalOfAnotherBoot(t *testing.T) {
	_, p := fromNothing(t)
	j := journal(t)
	begin(t, j, p)
	if i, err := NewJournal(j.path, "boot-2").Read(); i != nil || err != nil {
		t.Errorf("Read() = %v, %v", i, err)
	}
}

func TestJournalTornAndBroken(t *testing.T) {
	_, p := fromNothing(t)
	j := journal(t)
	begin(t, j, p)
	if err := j.Note(Event{Doing, 1, p.Steps[1]}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(j.path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) (*Interrupted, error) {
		if err := os.WriteFile(j.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return j.Read()
	}
	if i, err := write(string(whole) + `{"phase":"doi`); err != nil || i.Standing != 1 || !i.Doubtful {
		t.Errorf("a torn line gives %+v, %v", i, err)
	}
	for _, bad := range []string{"", "{}\n", "x\n", string(whole) + "x\n", string(whole) + `{"phase":"done","index":9}` + "\n", string(whole) + `{"phase":"done","index":-1}` + "\n"} {
		if i, err := write(bad); err == nil || !strings.Contains(err.Error(), j.path+": line ") || !strings.HasSuffix(err.Error(), "; remove the file") {
			t.Errorf("%.40q gives %+v, %v", bad, i, err)
		}
	}
}

func TestJournalThatCannotBeWritten(t *testing.T) {
	_, p := fromNothing(t)
	j := NewJournal("/proc/no/journal", "")
	if err := j.Begin(Entry{Plan: p}); !errors.Is(err, unix.ENOENT) {
		t.Errorf("Begin() = %v", err)
	}
	if err := j.Note(Event{}); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("Note() without Begin = %v", err)
	}
}
