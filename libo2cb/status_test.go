// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

func TestStatusOfABareMachine(t *testing.T) {
	m, _ := manager(t, machine(), Options{})
	st, err := m.Status(t.Context())
	if err != nil || st.Online || st.Cluster != nil {
		t.Errorf("Status() = %+v, %v", st, err)
	}
	data, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{"online": "false", "cluster": "null", "domains": "[]", "mounts": "[]"} {
		if got := string(fields[field]); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
}

func TestStatusOfAnOnlineMachine(t *testing.T) {
	m, _ := manager(t, onlineMachine(), Options{})
	st, err := m.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !st.Online || st.Cluster == nil || len(st.Domains) != 2 || len(st.Mounts) != 1 {
		t.Fatalf("Status() = %+v", st)
	}
	yes, no := true, false
	a, b := st.Cluster.Nodes[0], st.Cluster.Nodes[1]
	if !reflect.DeepEqual(a.Live, &yes) || a.Connected != nil || !a.Local {
		t.Errorf("node a: %+v", a)
	}
	if !reflect.DeepEqual(b.Live, &yes) || !reflect.DeepEqual(b.Connected, &no) || b.Local {
		t.Errorf("node b: %+v", b)
	}
	if want := []RegionStatus{{Name: "R1", Device: "sda1", PID: 471, Beating: []int{0}}}; !reflect.DeepEqual(st.Cluster.Regions, want) {
		t.Errorf("regions %+v, want %+v", st.Cluster.Regions, want)
	}
	if want := (Timing{30000, 2000, 2000, 31, 60, "reset"}); st.Cluster.Timing != want {
		t.Errorf("timing %+v, want %+v", st.Cluster.Timing, want)
	}
}

func TestIsOnline(t *testing.T) {
	local := []cluster.Node{{Name: "a", Local: true}}
	regions := []cluster.Region{{Name: "R"}}
	for name, tt := range map[string]struct {
		c    cluster.Cluster
		want bool
	}{
		"local mode":                {cluster.Cluster{Nodes: local}, true},
		"no local node":             {cluster.Cluster{Nodes: []cluster.Node{{Name: "a"}}, Regions: regions}, false},
		"global mode, no region":    {cluster.Cluster{HeartbeatMode: cluster.GlobalHeartbeat, Nodes: local}, false},
		"global mode with a region": {cluster.Cluster{HeartbeatMode: cluster.GlobalHeartbeat, Nodes: local, Regions: regions}, true},
	} {
		if got := isOnline(&tt.c); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestParseNodeList(t *testing.T) {
	for text, want := range map[string][]int{"0 3 17 \n": {0, 3, 17}, "\n": {}, "": {}, "none\n": nil} {
		if got := parseNodeList(text); !reflect.DeepEqual(got, want) {
			t.Errorf("parseNodeList(%q) = %v, want %v", text, got, want)
		}
	}
}
