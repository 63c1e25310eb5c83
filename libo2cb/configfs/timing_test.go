// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

func TestTiming(t *testing.T) {
	fs, root := fixture(t, web)
	want := cluster.Timing{IdleTimeout: 30 * time.Second, KeepaliveDelay: 2 * time.Second, ReconnectDelay: 2 * time.Second,
		DeadThreshold: 31, FenceMethod: "reset"}
	if got, err := fs.Timing("web"); err != nil || got != want {
		t.Errorf("Timing() = %+v, %v, want %+v", got, err, want)
	}
	if got := want.DeadTime(); got != 60*time.Second {
		t.Errorf("DeadTime() = %v, want 1m0s", got)
	}

	heartbeat := filepath.Join(root, "cluster/web/heartbeat")
	remove(t, filepath.Join(heartbeat, "dead_threshold"))
	put(t, filepath.Join(heartbeat, "threshold"), "7\n")
	remove(t, filepath.Join(root, "cluster/web/fence_method"))
	want.DeadThreshold, want.FenceMethod = 7, ""
	if got, err := fs.Timing("web"); err != nil || got != want {
		t.Errorf("Timing() of an older kernel = %+v, %v, want %+v", got, err, want)
	}
}

func TestTimingChangesKeepDelayBelowTimeout(t *testing.T) {
	was := cluster.Timing{IdleTimeout: 30 * time.Second, KeepaliveDelay: 2 * time.Second, ReconnectDelay: 2 * time.Second,
		DeadThreshold: 31, FenceMethod: "reset"}
	tests := []struct {
		name string
		to   cluster.Timing
		want []timingChange
	}{
		{"nothing", cluster.Timing{}, nil},
		{"the same", was, nil},
		{"idle below the old delay", cluster.Timing{IdleTimeout: 1500 * time.Millisecond, KeepaliveDelay: time.Second},
			[]timingChange{{"keepalive_delay_ms", "2000", "1000"}, {"idle_timeout_ms", "30000", "1500"}}},
		{"delay above the old idle", cluster.Timing{IdleTimeout: time.Minute, KeepaliveDelay: 40 * time.Second},
			[]timingChange{{"idle_timeout_ms", "30000", "60000"}, {"keepalive_delay_ms", "2000", "40000"}}},
		{"delay alone", cluster.Timing{KeepaliveDelay: time.Second}, []timingChange{{"keepalive_delay_ms", "2000", "1000"}}},
		{"the rest", cluster.Timing{ReconnectDelay: time.Second, DeadThreshold: 5, FenceMethod: "panic"},
			[]timingChange{{"reconnect_delay_ms", "2000", "1000"}, {"heartbeat/dead_threshold", "31", "5"}, {"fence_method", "reset", "panic"}}},
	}
	fs, _ := fixture(t, web)
	d, err := fs.cluster("web")
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := timingChanges(d, was, tt.to)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("timingChanges() = %v, %v, want %v", got, err, tt.want)
			}
		})
	}
	for _, bad := range []cluster.Timing{{IdleTimeout: 1500 * time.Microsecond}, {ReconnectDelay: -time.Second}} {
		if _, err := timingChanges(d, was, bad); !errors.Is(err, unix.EINVAL) {
			t.Errorf("timingChanges(%v) = %v, want EINVAL", bad, err)
		}
	}
}
