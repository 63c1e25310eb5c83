// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// everything is a file as the distributions have it, with ours.
const everything = `# O2CB_ENABLED: 'true' means to load the driver on boot.
O2CB_ENABLED=true
O2CB_STACK=o2cb
O2CB_BOOTCLUSTER=web
O2CB_HEARTBEAT_THRESHOLD=61
O2CB_IDLE_TIMEOUT_MS=60000
O2CB_KEEPALIVE_DELAY_MS=3000
O2CB_RECONNECT_DELAY_MS=2500
O2CB_FENCE_METHOD="panic"
O2CB_NODE='node7'
`

func TestParseEverything(t *testing.T) {
	s, findings := Parse("o2cb", []byte(everything))
	want := Settings{
		Enabled: true, Stack: "o2cb", BootCluster: "web", Node: "node7",
		HeartbeatThreshold: 61, IdleTimeoutMS: 60000, KeepaliveDelayMS: 3000, ReconnectDelayMS: 2500, FenceMethod: "panic",
	}
	if *s != want || findings != nil {
		t.Errorf("%+v, %v; want %+v", *s, findings, want)
	}
	timing := cluster.Timing{
		IdleTimeout: time.Minute, KeepaliveDelay: 3 * time.Second, ReconnectDelay: 2500 * time.Millisecond,
		DeadThreshold: 61, FenceMethod: "panic",
	}
	if s.Timing() != timing {
		t.Errorf("Timing() = %+v, want %+v", s.Timing(), timing)
	}
}

func TestValues(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string
	}{
		{"O2CB_ENABLED=false", nil},
		{"O2CB_ENABLED=", nil},
		{"O2CB_ENABLED=yes", []string{"1:14 boolean?"}},
		{"O2CB_ENABLED=True", []string{"1:14 boolean?"}},
		{"O2CB_STACK=pcmk", nil},
		{"O2CB_STACK=o2", []string{"1:12 stack"}},
		{"O2CB_STACK=o2cb2", []string{"1:12 stack"}},
		{"O2CB_STACK=../x", []string{"1:12 stack"}},
		{"O2CB_BOOTCLUSTER=web-1", nil},
		{"O2CB_BOOTCLUSTER=1web", []string{"1:18 name-start"}},
		{"O2CB_BOOTCLUSTER=a/b", []string{"1:18 name-unsafe"}},
		{"O2CB_HEARTBEAT_THRESHOLD=31", nil},
		{"O2CB_HEARTBEAT_THRESHOLD=", nil},
		{"O2CB_HEARTBEAT_THRESHOLD=7", nil},
		{"O2CB_HEARTBEAT_THRESHOLD=6", []string{"1:26 timing-low?"}},
		{"O2CB_HEARTBEAT_THRESHOLD=3", []string{"1:26 timing-low?"}},
		{"O2CB_HEARTBEAT_THRESHOLD=2", []string{"1:26 timing-range"}},
		{"O2CB_HEARTBEAT_THRESHOLD=0", []string{"1:26 timing-range"}},
		{"O2CB_HEARTBEAT_THRESHOLD=4294967294", nil},
		{"O2CB_HEARTBEAT_THRESHOLD=4294967295", []string{"1:26 timing-range"}},
		{"O2CB_HEARTBEAT_THRESHOLD=99999999999999999999", []string{"1:26 timing-range"}},
		{"O2CB_HEARTBEAT_THRESHOLD=-1", []string{"1:26 number-syntax"}},
		{"O2CB_HEARTBEAT_THRESHOLD=+31", []string{"1:26 number-syntax"}},
		{"O2CB_HEARTBEAT_THRESHOLD=031", []string{"1:26 number-syntax"}},
		{"O2CB_HEARTBEAT_THRESHOLD=0x1f", []string{"1:26 number-syntax"}},
		{"O2CB_HEARTBEAT_THRESHOLD=31s", []string{"1:26 number-syntax"}},
		{"O2CB_HEARTBEAT_THRESHOLD='3 1'", []string{"1:26 number-syntax"}},
		{"O2CB_IDLE_TIMEOUT_MS=5000", nil},
		{"O2CB_IDLE_TIMEOUT_MS=4999", []string{"1:22 timing-low?"}},
		{"O2CB_IDLE_TIMEOUT_MS=0", []string{"1:22 timing-range"}},
		{"O2CB_RECONNECT_DELAY_MS=1", []string{"1:25 timing-low?"}},
		{"O2CB_FENCE_METHOD=reset", nil},
		{"O2CB_FENCE_METHOD=Reset", []string{"1:19 fence-method"}},
	} {
		if _, findings := Parse("o2cb", []byte(test.line)); !slices.Equal(outcome(findings), test.want) {
			t.Errorf("%s: %q, want %q", test.line, findings, test.want)
		}
	}
}

func TestKeepaliveBelowIdle(t *testing.T) {
	for _, test := range []struct {
		idle, delay string
		want        []string
	}{
		{"30000", "2000", nil},
		{"5000", "4999", nil},
		{"5000", "5000", []string{"2:25 keepalive-idle"}},
		{"5000", "6000", []string{"2:25 keepalive-idle"}},
		{"2000", "", []string{"1:22 timing-low?", "1:22 keepalive-idle"}}, // the kernel's delay
		{"2001", "", []string{"1:22 timing-low?"}},
		{"", "30000", []string{"2:25 keepalive-idle"}}, // the kernel's timeout
		{"", "29999", nil},
		{"", "", nil},
		{"x", "99999", []string{"1:22 number-syntax", "2:25 keepalive-idle"}},
		{"5000", "x", []string{"2:25 number-syntax"}},
	} {
		_, findings := Parse("o2cb", []byte(IdleTimeoutMS+"="+test.idle+"\n"+KeepaliveDelayMS+"="+test.delay+"\n"))
		if got := outcome(findings); !slices.Equal(got, test.want) {
			t.Errorf("idle %q, delay %q: %q, want %q", test.idle, test.delay, got, test.want)
		}
	}
}

// A value that is wrong must not reach the kernel as another one.
func TestBadNumberIsUnset(t *testing.T) {
	s, findings := Parse("o2cb", []byte("O2CB_HEARTBEAT_THRESHOLD=2\nO2CB_IDLE_TIMEOUT_MS=1e4\n"))
	if s.Timing() != (cluster.Timing{}) || findings.Err() == nil || !strings.Contains(findings.Err().Error(), "(and 1 more)") {
		t.Errorf("%+v, %v", s, findings.Err())
	}
}

func TestPermissible(t *testing.T) {
	_, findings := Parse("o2cb", []byte("O2CB_BOOTCLUSTER=9web\n"))
	if findings.Err() == nil || findings.ErrPermissive() != nil {
		t.Errorf("%v and %v, want an error and none", findings.Err(), findings.ErrPermissive())
	}
	_, findings = Parse("o2cb", []byte("O2CB_BOOTCLUSTER=a/b\n"))
	if findings.ErrPermissive() == nil {
		t.Error("a name that leaves its directory is permissible")
	}
}
