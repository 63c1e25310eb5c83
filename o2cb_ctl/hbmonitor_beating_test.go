// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb"
)

// answering is a process that answers like one that reads a disk: node 1 beats.
func answering(device, _ string) (*exec.Cmd, error) {
	switch device {
	case "beating":
		return exec.Command("sh", "-c", `n=100; while read question; do n=$((n + 1)); echo '{"slots": [{"Number": 1, "Node": 1, "Generation": 7, "Valid": true, "Sequence": '$n'}]}'; done`), nil
	case "silent":
		return exec.Command("sh", "-c", `while read question; do echo '{}'; done`), nil
	case "broken":
		return exec.Command("sh", "-c", `read question; echo '{"error": "no", "errno": 5}'`), nil
	}
	return nil, errors.New("no such device")
}

func TestReadBeating(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		devices string // of the regions; "known" is one of which the kernel has told
		beating [][]int
		live    []*bool // nodes 0, 1 and 2
	}{
		{"", nil, []*bool{nil, nil, nil}},
		{"beating", [][]int{{1}}, []*bool{&no, &yes, &no}},
		{"silent beating", [][]int{{}, {1}}, []*bool{&no, &yes, &no}},
		{"broken beating missing", [][]int{nil, {1}, nil}, []*bool{nil, &yes, nil}},
		{"known", [][]int{{0}}, []*bool{&yes, &no, &no}},
		{"known beating", [][]int{{0}, {1}}, []*bool{&yes, &yes, &no}},
	} {
		status := &libo2cb.ClusterStatus{Nodes: []libo2cb.NodeStatus{{Number: 0}, {Number: 1}, {Number: 2}}}
		for _, device := range strings.Fields(c.devices) {
			r := libo2cb.RegionStatus{Name: "R", Device: device}
			if device == "known" {
				r.Beating = []int{0}
			}
			status.Regions = append(status.Regions, r)
		}
		readBeating(t.Context(), status, answering)
		for i, r := range status.Regions {
			if !reflect.DeepEqual(r.Beating, c.beating[i]) {
				t.Errorf("%q: in region %d beat %v, want %v", c.devices, i, r.Beating, c.beating[i])
			}
		}
		for i, n := range status.Nodes {
			if !reflect.DeepEqual(n.Live, c.live[i]) {
				t.Errorf("%q: node %d is live: %v, want %v", c.devices, i, n.Live, c.live[i])
			}
		}
	}
}

// What the kernel has said stays.
func TestMarkLive(t *testing.T) {
	no := false
	status := &libo2cb.ClusterStatus{
		Nodes:   []libo2cb.NodeStatus{{Number: 1, Live: &no}},
		Regions: []libo2cb.RegionStatus{{Beating: []int{1}}},
	}
	markLive(status)
	if status.Nodes[0].Live != &no {
		t.Error("the kernel's word was overruled")
	}
}

func TestReaderOfNothing(t *testing.T) {
	if cmd, err := turnReaderOf("no-such-device", "R"); err == nil {
		t.Errorf("a command for no device: %v", cmd)
	}
}
