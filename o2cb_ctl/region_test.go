// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

func TestMisfit(t *testing.T) {
	for _, tt := range []struct {
		volume volume.Volume
		want   string
	}{
		{volume.Volume{ClusterName: "web", GlobalHeartbeat: true}, ""},
		{volume.Volume{ClusterName: "db", GlobalHeartbeat: true}, "cluster db"},
		{volume.Volume{ClusterName: "web"}, "global heartbeat"},
		{volume.Volume{}, "global heartbeat"},
		{volume.Volume{LocalMount: true}, "one node"},
	} {
		got := misfit(&tt.volume, "web")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("misfit(%+v) = %q, want %q in it", tt.volume, got, tt.want)
		}
	}
}
