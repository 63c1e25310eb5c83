// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/definition"
	"github.com/o2cb-go/o2cb/libo2cb/settings"
)

// exchangeRoot makes a machine with a settings file and maybe a configuration.
func exchangeRoot(t *testing.T, config, settings string) (m *Manager, path string) {
	t.Helper()
	root := t.TempDir()
	path = filepath.Join(root, DefaultConfig)
	for name, text := range map[string]string{path: config, filepath.Join(root, "etc/default/o2cb"): settings} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if text == "" {
			continue
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return New(Options{Root: root}), path
}

// randomDefinition makes a definition of two clusters out of few names and
// numbers, so that two of them have something in common.
func randomDefinition(r *rand.Rand) *definition.Definition {
	d := &definition.Definition{}
	for _, name := range []string{"web", "db"} {
		c := &cluster.Cluster{Name: name, HeartbeatMode: []cluster.HeartbeatMode{cluster.LocalHeartbeat, cluster.GlobalHeartbeat}[r.IntN(2)]}
		numbers := r.Perm(10)
		for i, n := range r.Perm(8)[:r.IntN(8)] {
			c.Nodes = append(c.Nodes, cluster.Node{
				Name: fmt.Sprintf("node%d", n), Number: numbers[i],
				Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + numbers[(i+1)%10])}), Port: 7777 + r.IntN(2),
			})
		}
		for _, n := range r.Perm(4)[:r.IntN(4)] {
			c.Regions = append(c.Regions, cluster.Region{Name: fmt.Sprintf("%032X", n)})
		}
		d.Clusters = append(d.Clusters, c)
	}
	return d
}

// ordered returns the text of a definition in an order that does not matter.
func ordered(t *testing.T, d *definition.Definition) string {
	t.Helper()
	sorted := &definition.Definition{}
	for _, c := range d.Clusters {
		one := *c
		one.Nodes, one.Regions = slices.Clone(c.Nodes), slices.Clone(c.Regions)
		slices.SortFunc(one.Nodes, func(a, b cluster.Node) int { return strings.Compare(a.Name, b.Name) })
		slices.SortFunc(one.Regions, func(a, b cluster.Region) int { return strings.Compare(a.Name, b.Name) })
		sorted.Clusters = append(sorted.Clusters, &one)
	}
	slices.SortFunc(sorted.Clusters, func(a, b *cluster.Cluster) int { return strings.Compare(a.Name, b.Name) })
	text, err := sorted.Write(definition.TOML)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestImportRoundTrip imports one definition over another, again and again: what
// is exported then is what was imported, in both forms, and importing it once
// more changes nothing.
func TestImportRoundTrip(t *testing.T) {
	const comment = "# mine\n"
	m, path := exchangeRoot(t, comment, "")
	for seed := range uint64(40) {
		want := randomDefinition(rand.New(rand.NewPCG(seed, 1)))
		text, err := want.Write([]definition.Format{definition.TOML, definition.JSON}[seed%2])
		if err != nil {
			t.Fatal(err)
		}
		d, findings := definition.Read("def", text)
		if err := findings.Err(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if _, err := m.Import(t.Context(), d, ImportOptions{Replace: true}); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got, err := m.Export("")
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if ordered(t, got) != ordered(t, want) {
			t.Fatalf("seed %d: imported\n%s\nexported\n%s", seed, ordered(t, want), ordered(t, got))
		}
		if again, err := m.Import(t.Context(), got, ImportOptions{}); err != nil || again.Changed() {
			t.Fatalf("seed %d: importing it once more changes %v, %v", seed, again.Clusters, err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(text), comment) {
		t.Errorf("the comment is gone (%v):\n%s", err, text)
	}
}

func TestImportTiming(t *testing.T) {
	timed := func(timing cluster.Timing) *definition.Definition {
		return &definition.Definition{Clusters: []*cluster.Cluster{{Name: "web", Timing: timing}}}
	}
	for _, test := range []struct {
		name, settings string
		timing         cluster.Timing
		want           []string
	}{
		{"none", "", cluster.Timing{}, nil},
		{"none, although there is one", "O2CB_HEARTBEAT_THRESHOLD=61", cluster.Timing{}, nil},
		{"that of the settings", "O2CB_HEARTBEAT_THRESHOLD=61", cluster.Timing{DeadThreshold: 61}, nil},
		{"that of the kernel", "", cluster.DefaultTiming(), nil},
		{"another", "O2CB_HEARTBEAT_THRESHOLD=61", cluster.Timing{DeadThreshold: 31}, []string{"O2CB_HEARTBEAT_THRESHOLD=31"}},
		{"others", "", cluster.Timing{IdleTimeout: time.Minute, KeepaliveDelay: 3 * time.Second, ReconnectDelay: 2 * time.Second, FenceMethod: "panic"},
			[]string{"O2CB_IDLE_TIMEOUT_MS=60000", "O2CB_KEEPALIVE_DELAY_MS=3000", "O2CB_FENCE_METHOD=panic"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, path := exchangeRoot(t, "", test.settings)
			_, err := m.Import(t.Context(), timed(test.timing), ImportOptions{})
			elsewhere, refused := errors.AsType[*TimingElsewhereError](err)
			if refused != (test.want != nil) || err != nil && !refused {
				t.Fatalf("Import: %v", err)
			}
			if _, err := os.Stat(path); refused != errors.Is(err, os.ErrNotExist) {
				t.Errorf("refused %v, and the file: %v", refused, err)
			}
			if refused && !slices.Equal(elsewhere.Lines, test.want) {
				t.Errorf("the lines are %q, want %q", elsewhere.Lines, test.want)
			}
		})
	}
}

func TestImportRefuses(t *testing.T) {
	const config = "cluster:\n\tname = web\n\tnode_count = 0\n"
	other := &definition.Definition{Clusters: []*cluster.Cluster{{Name: "new"}, {Name: "web", HeartbeatMode: cluster.GlobalHeartbeat}}}
	m, path := exchangeRoot(t, config, "")
	_, err := m.Import(t.Context(), other, ImportOptions{})
	if differs, ok := errors.AsType[*ClusterDiffersError](err); !ok || differs.Cluster != "web" {
		t.Errorf("another cluster of the name: %v", err)
	}
	shown, err := m.Import(t.Context(), other, ImportOptions{Replace: true, DryRun: true})
	if err != nil || !shown.Changed() || string(shown.Before) != config || !strings.Contains(string(shown.After), "global") {
		t.Errorf("dry run: %+v, %v", shown, err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != config {
		t.Errorf("the file changed (%v):\n%s", err, text)
	}
	bad := &definition.Definition{Clusters: []*cluster.Cluster{{Name: "../x"}}}
	for _, dry := range []bool{false, true} {
		if _, err := m.Import(t.Context(), bad, ImportOptions{DryRun: dry}); !isInvalid(err) {
			t.Errorf("a name that leaves its directory: %v", err)
		}
	}
}

func isInvalid(err error) bool {
	_, ok := errors.AsType[*conf.InvalidError](err)
	return ok
}

func TestExportRefuses(t *testing.T) {
	m, _ := exchangeRoot(t, "cluster:\n\tname = a/b\n\tnode_count = 0\n", "")
	if _, err := m.Export(""); !isInvalid(err) {
		t.Errorf("a file with errors: %v", err)
	}
	m, _ = exchangeRoot(t, "cluster:\n\tname = web\n\tnode_count = 0\n", "O2CB_NODE=$(hostname)\n")
	_, err := m.Export("")
	if _, ok := errors.AsType[*settings.InvalidError](err); !ok {
		t.Errorf("settings with errors: %v", err)
	}
	m, _ = exchangeRoot(t, "", "")
	if _, err := m.Export(""); err == nil {
		t.Error("a definition of nothing was exported")
	}
}
