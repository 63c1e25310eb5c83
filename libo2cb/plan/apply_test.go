// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

// script is a kernel that answers what it is told to and writes down what it is
// asked. It knows no rules: those of the kernel are tested on the lab.
type script struct {
	states []*cluster.Cluster // what each reading gives
	fail   map[string]error   // by operation
	calls  []string
	timing cluster.Timing // of the state that was read last
}

func (s *script) call(format string, args ...any) error {
	call := fmt.Sprintf(format, args...)
	s.calls = append(s.calls, call)
	return s.fail[call]
}

func (s *script) Clusters() ([]string, error) {
	if s.states[0] == nil {
		s.states = s.states[1:]
		return nil, nil
	}
	return []string{s.states[0].Name}, nil
}

func (s *script) Cluster(string) (*cluster.Cluster, error) {
	c := *s.states[0]
	s.states = s.states[1:]
	s.timing = c.Timing
	return &c, nil
}

func (s *script) Outline(name string) (*cluster.Cluster, error) {
	c, err := s.Cluster(name)
	return outline(c), err
}

func (s *script) Timing(string) (cluster.Timing, error) { return s.timing, nil }

func (s *script) CreateCluster(name string) error        { return s.call("create %s", name) }
func (s *script) RemoveCluster(name string) error        { return s.call("remove %s", name) }
func (s *script) AddNode(_ string, n cluster.Node) error { return s.call("add %s", n.Name) }
func (s *script) RemoveNode(_, name string) error        { return s.call("drop %s", name) }
func (s *script) SetHeartbeatMode(_ string, m cluster.HeartbeatMode) error {
	return s.call("mode %s", m)
}
func (s *script) SetTiming(_ string, t cluster.Timing) error {
	return s.call("set %s", timingText(t, cluster.Timing{}))
}
func (s *script) StartRegions(_ context.Context, _ string, names []string) error {
	return s.call("start %s", strings.Join(names, " "))
}
func (s *script) StopRegions(_ context.Context, _ string, names []string) error {
	return s.call("stop %s", strings.Join(names, " "))
}

// target and the plan from nothing to it.
func fromNothing(t *testing.T) (*cluster.Cluster, *Plan) {
	t.Helper()
	want := web(local(node("a", 0, 1)), node("b", 1, 2))
	p, err := Between(nil, want)
	if err != nil {
		t.Fatal(err)
	}
	return want, p
}

func TestApplyTellsOfEachStep(t *testing.T) {
	want, p := fromNothing(t)
	s := &script{states: []*cluster.Cluster{nil, want}}
	var events []string
	err := Apply(t.Context(), s, p, func(e Event) error {
		events = append(events, string(e.Phase)+" "+string(e.Step.Kind))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls := []string{"create web", "mode local", "add b", "add a"}; !reflect.DeepEqual(s.calls, calls) {
		t.Errorf("calls %q, want %q", s.calls, calls)
	}
	wantEvents := []string{"doing create-cluster", "done create-cluster", "doing set-mode", "done set-mode",
		"doing add-node", "done add-node", "doing add-node", "done add-node"}
	if !reflect.DeepEqual(events, wantEvents) {
		t.Errorf("events %q, want %q", events, wantEvents)
	}
}

func TestApplyUndoesNewestFirst(t *testing.T) {
	_, p := fromNothing(t)
	s := &script{states: []*cluster.Cluster{nil}, fail: map[string]error{"add a": unix.EADDRNOTAVAIL}}
	var undone []string
	err := Apply(t.Context(), s, p, func(e Event) error {
		if e.Phase == Undone {
			undone = append(undone, string(e.Step.Kind))
		}
		return nil
	})
	var e *ApplyError
	if !errors.As(err, &e) || !errors.Is(err, unix.EADDRNOTAVAIL) || e.Step == nil || e.Step.Node.Name != "a" || e.UndoErr != nil || e.Left != nil {
		t.Fatalf("Apply() = %#v", err)
	}
	if calls := []string{"create web", "mode local", "add b", "add a", "drop b", "remove web"}; !reflect.DeepEqual(s.calls, calls) {
		t.Errorf("calls %q, want %q", s.calls, calls)
	}
	if want := []string{"add-node", "create-cluster"}; !reflect.DeepEqual(undone, want) {
		t.Errorf("undone %q, want %q", undone, want)
	}
	if want := "add node a, number 0, 10.0.0.1 port 7777, the local node: cannot assign requested address; the 3 steps before were undone"; err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestApplyReportsWhatIsLeft(t *testing.T) {
	_, p := fromNothing(t)
	s := &script{states: []*cluster.Cluster{nil}, fail: map[string]error{"add a": unix.EIO, "drop b": unix.EBUSY}}
	err := Apply(t.Context(), s, p, nil)
	var e *ApplyError
	if !errors.As(err, &e) || !errors.Is(err, unix.EIO) || !errors.Is(err, unix.EBUSY) || len(e.Left) != 3 || len(e.Undone) != 0 {
		t.Fatalf("Apply() = %#v", err)
	}
	if !strings.HasSuffix(err.Error(), "and this stands: create cluster web; set the heartbeat mode of cluster web to local; add node b, number 1, 10.0.0.2 port 7777") {
		t.Errorf("the message does not end with what is left: %s", err)
	}
	if last := s.calls[len(s.calls)-1]; last != "drop b" {
		t.Errorf("after the undo failed there was %q", last)
	}
}

func TestApplyRefusesAStalePlan(t *testing.T) {
	want, p := fromNothing(t)
	for name, now := range map[string]*cluster.Cluster{"another cluster": {Name: "db"}, "somebody was faster": want} {
		s := &script{states: []*cluster.Cluster{now}}
		err := Apply(t.Context(), s, p, nil)
		if !errors.Is(err, ErrStale) || len(s.calls) != 0 {
			t.Errorf("%s: %v after %q, want ErrStale and nothing done", name, err, s.calls)
		}
	}
}

func TestApplyLooksAtTheEnd(t *testing.T) {
	_, p := fromNothing(t)
	// The kernel says yes to everything and has another node in the end.
	s := &script{states: []*cluster.Cluster{nil, web(local(node("a", 0, 1)), node("c", 1, 2))}}
	err := Apply(t.Context(), s, p, nil)
	var e *ApplyError
	if !errors.As(err, &e) || !errors.Is(err, ErrNotReached) || e.Step != nil || len(e.Undone) != 4 {
		t.Fatalf("Apply() = %#v", err)
	}
	if calls := []string{"drop a", "drop b", "remove web"}; !reflect.DeepEqual(s.calls[4:], calls) {
		t.Errorf("undo calls %q, want %q", s.calls[4:], calls)
	}
}

func TestApplyStopsBetweenSteps(t *testing.T) {
	_, p := fromNothing(t)
	ctx, cancel := context.WithCancel(t.Context())
	s := &script{states: []*cluster.Cluster{nil}}
	err := Apply(ctx, s, p, func(e Event) error {
		if e.Phase == Done && e.Step.Kind == AddNode {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Apply() = %v", err)
	}
	if calls := []string{"create web", "mode local", "add b", "drop b", "remove web"}; !reflect.DeepEqual(s.calls, calls) {
		t.Errorf("calls %q, want %q", s.calls, calls)
	}
}

func TestApplyRefusesWhatNeedsOffline(t *testing.T) {
	have := alive(web(local(node("a", 0, 1))))
	p, err := Between(have, web(local(node("a", 5, 1))))
	if err != nil {
		t.Fatal(err)
	}
	s := &script{states: []*cluster.Cluster{have}}
	if err := Apply(t.Context(), s, p, nil); !errors.Is(err, ErrNeedsOffline) || len(s.calls) != 0 {
		t.Errorf("Apply() = %v after %q", err, s.calls)
	}
}

func TestRead(t *testing.T) {
	want := web()
	for _, c := range []*cluster.Cluster{nil, want} {
		if got, err := Read(&script{states: []*cluster.Cluster{c}}); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("Read() = %v, %v, want %v", got, err, c)
		}
	}
}

// A region that starts or stops meanwhile is nobody's business but a removal's.
func TestApplyAndRegions(t *testing.T) {
	a, b := local(node("a", 0, 1)), node("b", 1, 2)
	for name, tt := range map[string]struct{ have, before, after *cluster.Cluster }{
		"starts before": {web(a), alive(web(a)), alive(web(a, b))},
		"starts after":  {web(a), web(a), alive(web(a, b))},
		"stops":         {alive(web(a)), web(a), web(a, b)},
	} {
		p, err := Between(tt.have, web(a, b))
		if err != nil {
			t.Fatal(err)
		}
		s := &script{states: []*cluster.Cluster{tt.before, tt.after}}
		if err := Apply(t.Context(), s, p, nil); err != nil || !reflect.DeepEqual(s.calls, []string{"add b"}) {
			t.Errorf("%s: Apply() = %v after %q", name, err, s.calls)
		}
	}
	p, err := Between(web(a), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{states: []*cluster.Cluster{alive(web(a))}}
	if err := Apply(t.Context(), s, p, nil); !errors.Is(err, ErrStale) || len(s.calls) != 0 {
		t.Errorf("Apply() of a removal = %v after %q, want ErrStale", err, s.calls)
	}
}

// What is observed and cannot be noted is not done, and what was done is undone.
func TestApplyStopsWhenItCannotBeNoted(t *testing.T) {
	for _, tt := range []struct {
		phase Phase
		calls []string
	}{
		{Doing, []string{"create web", "mode local"}},
		{Done, []string{"create web", "mode local", "add b"}},
	} {
		_, p := fromNothing(t)
		s := &script{states: []*cluster.Cluster{nil}}
		err := Apply(t.Context(), s, p, func(e Event) error {
			if e.Index >= 2 {
				if e.Phase == tt.phase || e.Phase == Undoing {
					return unix.ENOSPC
				}
			}
			return nil
		})
		if !errors.Is(err, unix.ENOSPC) {
			t.Errorf("%s: Apply() = %v", tt.phase, err)
		}
		want := append(tt.calls, "remove web")
		if tt.phase == Done {
			want = append(tt.calls, "drop b", "remove web")
		}
		if !reflect.DeepEqual(s.calls, want) {
			t.Errorf("%s: calls %q, want %q", tt.phase, s.calls, want)
		}
	}
}

// A removed cluster comes back with all that it had.
func TestUndoOfRemoval(t *testing.T) {
	have := global(alive(web(local(node("a", 0, 1)))))
	have.Timing = cluster.Timing{DeadThreshold: 5, FenceMethod: "panic"}
	p, err := Between(have, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{states: []*cluster.Cluster{have, have}} // read back: it is still there
	if err := Apply(t.Context(), s, p, nil); !errors.Is(err, ErrNotReached) {
		t.Fatalf("Apply() = %v", err)
	}
	want := []string{"stop R", "drop a", "remove web", "create web", "mode global", "set dead_threshold to 5, fence_method to panic", "add a", "start R"}
	if !reflect.DeepEqual(s.calls, want) {
		t.Errorf("calls %q, want %q", s.calls, want)
	}

	s = &script{states: []*cluster.Cluster{have, have}, fail: map[string]error{"mode global": unix.EIO}}
	err = Apply(t.Context(), s, p, nil)
	if last := s.calls[len(s.calls)-1]; !errors.Is(err, unix.EIO) || last != "remove web" {
		t.Errorf("Apply() = %v, ending with %q: half a cluster came back", err, last)
	}
}
