// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// elapsedFile writes what debugfs says of a region.
func elapsedFile(tb testing.TB, mount, region, text string) {
	tb.Helper()
	dir := filepath.Join(mount, "o2hb", region)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "elapsed_time_in_ms"), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

func TestReadElapsed(t *testing.T) {
	mount := t.TempDir()
	for text, want := range map[string]time.Duration{"0\n": 0, "6004\n": 6004 * time.Millisecond, "4294967295\n": 4294967295 * time.Millisecond} {
		elapsedFile(t, mount, "R", text)
		if got, err := readElapsed(mount, "R"); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1\n", "1 2\n", "4294967296\n"} {
		elapsedFile(t, mount, "R", text)
		if got, err := readElapsed(mount, "R"); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
	for _, place := range [][2]string{{mount, "S"}, {mount, "../R"}, {mount, "o2hb/R"}, {"", "R"}, {mount, ""}} {
		if got, err := readElapsed(place[0], place[1]); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q: %v, %v", place, got, err)
		}
	}
}

// A block is as old as the clock says, unless the reading before knows better.
func TestAge(t *testing.T) {
	begin := time.Unix(1700000000, 0)
	type reading struct {
		at       time.Duration // after begin
		sequence time.Duration // the writer's clock, after begin
		want     time.Duration
	}
	for name, readings := range map[string][]reading{
		"a beat each 2 s":            {{0, -1 * time.Second, time.Second}, {10 * time.Second, 9 * time.Second, time.Second}},
		"it stops":                   {{0, -1 * time.Second, time.Second}, {10 * time.Second, -1 * time.Second, 11 * time.Second}, {20 * time.Second, -1 * time.Second, 21 * time.Second}},
		"it stops and goes on":       {{0, 0, 0}, {20 * time.Second, 0, 20 * time.Second}, {22 * time.Second, 21 * time.Second, time.Second}},
		"had stopped before":         {{0, -time.Minute, 0}, {2 * time.Second, -time.Minute, 62 * time.Second}},
		"the clock was set forward":  {{0, -time.Hour, 0}, {2 * time.Second, 2 * time.Second, 0}},
		"and once more":              {{0, 0, 0}, {2 * time.Second, -time.Hour, 2 * time.Second}, {4 * time.Second, 4 * time.Second, 0}},
		"the clock was set back":     {{0, time.Hour, 0}, {2 * time.Second, time.Hour + 2*time.Second, 0}},
		"set back, then it stopped":  {{0, time.Hour, 0}, {10 * time.Second, time.Hour, 10 * time.Second}},
		"a sequence that is no time": {{0, -1 << 62, 0}, {2 * time.Second, 1 << 62, 0}},
	} {
		var a age
		for i, r := range readings {
			at := begin.Add(r.at)
			a.note(slot(1, uint64(begin.Unix()+int64(r.sequence/time.Second))), at)
			if got := a.elapsed(begin, at); got != r.want {
				t.Errorf("%s, reading %d: %v, want %v", name, i, got, r.want)
			}
		}
	}
	var never age
	if got := never.elapsed(begin, begin.Add(time.Minute)); got != time.Minute {
		t.Errorf("never read: %v, want the time since it was asked for", got)
	}
}

// newMeter measures node 1 on d in a bubble.
func newMeter(d *disk) *meter {
	return &meter{node: 1, now: time.Now, start: func() (blockSource, error) { return d, nil }}
}

func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{alive: []int{0, 1}}
		m := newMeter(d)
		defer m.close()
		measure := func(want error, least, most time.Duration) {
			t.Helper()
			ctx, stop := context.WithTimeout(t.Context(), answerTime)
			defer stop()
			if got, problem := m.measure(ctx); !errors.Is(problem, want) || got < least || got > most {
				t.Errorf("%v, problem %v; want %v to %v and %v", got, problem, least, most, want)
			}
		}
		measure(nil, 0, beatTime)
		time.Sleep(10 * time.Second)
		measure(nil, 0, beatTime)

		d.hangs.Store(true) // not even reading comes back
		for range 3 {
			time.Sleep(9 * time.Second)
			measure(nil, 10*time.Second, 32*time.Second)
		}
		measure(nil, 30*time.Second, 33*time.Second)
		d.hangs.Store(false)
		measure(nil, 0, beatTime)

		d.failure = unix.EIO // reading fails
		time.Sleep(10 * time.Second)
		measure(unix.EIO, 10*time.Second, 12*time.Second)
		d.failure = ErrReaderEnded
		measure(ErrReaderEnded, 10*time.Second, 12*time.Second)
		if m.source != nil {
			t.Error("the child that ended is kept")
		}
		d.failure = nil
		measure(nil, 0, beatTime)

		d.alive = []int{0} // reading works, the kernel writes no more
		time.Sleep(10 * time.Second)
		measure(nil, 10*time.Second, 12*time.Second)
	})
}

// What a node left behind when it stopped its heartbeat in order is not its beat.
func TestMeterLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{left: []int{1}}
		m := newMeter(d)
		for range 2 {
			got, problem := m.measure(t.Context())
			if problem != nil || got > 2*time.Second {
				t.Errorf("%v, %v; want the time since it was asked for", got, problem)
			}
			time.Sleep(2 * time.Second)
		}
		failing := &meter{now: time.Now, start: func() (blockSource, error) { return nil, unix.ENOENT }}
		if _, problem := failing.measure(t.Context()); !errors.Is(problem, unix.ENOENT) {
			t.Errorf("no child can be started: %v", problem)
		}
	})
}
