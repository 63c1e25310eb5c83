// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestTimingCheck(t *testing.T) {
	for _, test := range []struct {
		name   string
		timing Timing
		want   []string
	}{
		{"nothing", Timing{}, nil},
		{"the kernel's own", full, []string{"reconnect_delay_ms timing-low"}},
		{"threshold that is ignored", Timing{DeadThreshold: 2}, []string{"dead_threshold timing-range!"}},
		{"lowest threshold", Timing{DeadThreshold: 3}, []string{"dead_threshold timing-low"}},
		{"usual threshold", Timing{DeadThreshold: 7}, nil},
		{"negative", Timing{DeadThreshold: -1, ReconnectDelay: -time.Second}, []string{"reconnect_delay_ms timing-range!", "dead_threshold timing-range!"}},
		{"largest", Timing{ReconnectDelay: (math.MaxUint32 - 1) * time.Millisecond}, nil},
		{"too large", Timing{ReconnectDelay: math.MaxUint32 * time.Millisecond}, []string{"reconnect_delay_ms timing-range!"}},
		{"delay reaches timeout", Timing{IdleTimeout: 6 * time.Second, KeepaliveDelay: 6 * time.Second}, []string{"keepalive_delay_ms keepalive-idle!"}},
		{"delay reaches the kernel's timeout", Timing{KeepaliveDelay: 30 * time.Second}, []string{"keepalive_delay_ms keepalive-idle!"}},
		{"timeout reaches the kernel's delay", Timing{IdleTimeout: 2 * time.Second}, []string{"idle_timeout_ms timing-low", "idle_timeout_ms keepalive-idle!"}},
		{"fence method", Timing{FenceMethod: "Panic"}, []string{"fence_method fence-method!"}},
	} {
		var got []string
		for _, v := range test.timing.Check() {
			got = append(got, v.Subject.Attribute+" "+outcome([]Violation{v})[0])
			if v.Found == "" || v.Expected == "" || v.Mend == "" || v.Subject.Kind != KindCluster {
				t.Errorf("%s: %+v: something is empty", test.name, v)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
