// SPDX-License-Identifier: Apache-2.0

package command

import (
	"debug/elf"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

func TestMain(m *testing.M) { lab.Main(m, nil) }

// maxSize is how large the binary may be, in bytes.
const maxSize = 20 << 20

func TestBinaryIsStaticAndSmall(t *testing.T) {
	tool := rig.Tool(t, "o2cb_ctl")
	binary, err := elf.Open(tool)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	for _, p := range binary.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("%s has a segment %v: it is not static", tool, p.Type)
		}
	}
	info, err := os.Stat(tool)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() >= maxSize {
		t.Errorf("%s has %d bytes, want less than %d", tool, info.Size(), maxSize)
	}
}

func TestVersionIsStamped(t *testing.T) {
	out, err := exec.Command(rig.Tool(t, "o2cb_ctl"), "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(out), "o2cb_ctl version 0.") {
		t.Errorf("--version says %q", out)
	}
}

func TestLinksAreTheSameBinary(t *testing.T) {
	tool, err := os.Stat(rig.Tool(t, "o2cb_ctl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"o2cb", "ocfs2_hb_ctl", "o2hbmonitor"} {
		link, err := os.Stat(rig.Tool(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if !os.SameFile(tool, link) {
			t.Errorf("%s is another file than o2cb_ctl", name)
		}
	}
}

// TestStartIsQuick measures the processor time of a start, which other programs
// of a busy machine do not add to, and takes the best of several: what is asked
// is that the program has nothing to do before it does what it was told.
func TestStartIsQuick(t *testing.T) {
	const limit, runs = 10 * time.Millisecond, 20
	best := time.Hour
	for range runs {
		cmd := exec.Command(rig.Tool(t, "o2cb_ctl"), "--version")
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		best = min(best, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	t.Logf("processor time of a start: %v", best)
	if best >= limit {
		t.Errorf("--version takes %v of processor time, want less than %v", best, limit)
	}
}
