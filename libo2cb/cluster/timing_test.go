// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"testing"
	"time"
)

var full = Timing{IdleTimeout: 30 * time.Second, KeepaliveDelay: 2 * time.Second, ReconnectDelay: 1500 * time.Millisecond, DeadThreshold: 31, FenceMethod: "reset"}

func TestTimingSettings(t *testing.T) {
	want := map[Setting]string{IdleTimeout: "30000", KeepaliveDelay: "2000", ReconnectDelay: "1500", DeadThreshold: "31", FenceMethod: "reset"}
	var sum Timing
	for _, s := range TimingSettings() {
		if got := full.Get(s); got != want[s] {
			t.Errorf("%s is %q, want %q", s, got, want[s])
		}
		if got := (Timing{}).Get(s); got != "" {
			t.Errorf("%s of nothing is %q", s, got)
		}
		one := full.Only(s)
		for _, other := range TimingSettings() {
			if got := one.Get(other); other != s && got != "" {
				t.Errorf("Only(%s) has %s %q", s, other, got)
			}
		}
		sum = sum.Or(one)
	}
	if len(want) != len(TimingSettings()) || sum != full {
		t.Errorf("the settings make up %+v, want %+v", sum, full)
	}
	if got := (Timing{DeadThreshold: 5}).Or(full); got.DeadThreshold != 5 || got.IdleTimeout != full.IdleTimeout {
		t.Errorf("Or() = %+v", got)
	}
}

func TestTimingJSON(t *testing.T) {
	data, err := json.Marshal(full)
	const want = `{"idle_timeout_ms":30000,"keepalive_delay_ms":2000,"reconnect_delay_ms":1500,"dead_threshold":31,"fence_method":"reset"}`
	if err != nil || string(data) != want {
		t.Errorf("got  %s, %v\nwant %s", data, err, want)
	}
	var back Timing
	if err := json.Unmarshal(data, &back); err != nil || back != full {
		t.Errorf("came back as %+v, %v", back, err)
	}
}
