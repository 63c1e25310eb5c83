// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

// fileCalls are the system calls that a save makes on files, and their
// likenesses on other architectures. TestFaultsCoverEveryCall keeps the list honest.
func fileCalls() []string {
	return []string{
		"open", "openat", "read", "pread64", "write", "pwrite64", "close", "fstat", "newfstatat", "stat", "lstat", "statx",
		"fchmod", "fchmodat", "fchown", "fchownat", "fsync", "fdatasync", "rename", "renameat", "renameat2", "unlink", "unlinkat",
		"rmdir", "mkdir", "mkdirat", "getdents64", "fcntl", "readlink", "readlinkat", "flistxattr", "fgetxattr", "fsetxattr", "fremovexattr",
		"lseek", "ftruncate", "fallocate", "flock", "utimensat", "linkat", "symlinkat",
	}
}

// runtimeCalls are those of the Go runtime, which touch no file of ours.
func runtimeCalls() []string {
	return []string{
		"futex", "mmap", "munmap", "madvise", "mprotect", "brk", "prctl", "arch_prctl", "clone", "clone3", "execve", "exit", "exit_group",
		"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "tgkill", "gettid", "getpid", "sched_getaffinity", "sched_yield",
		"nanosleep", "clock_gettime", "clock_nanosleep", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "pipe2",
		"prlimit64", "getrlimit", "setrlimit", "set_tid_address", "set_robust_list", "rseq", "getrandom", "uname", "timer_create", "timer_settime",
		"timer_delete", "access", "faccessat", "restart_syscall", "mincore", "membarrier", "getcpu", "getuid", "geteuid", "getgid", "getegid",
	}
}

// fault is what happens at a system call.
type fault struct {
	name   string
	inject string // as strace takes it
	at     string // the call
}

func faults() []fault {
	return []fault{
		{name: "EIO", inject: "error=EIO"},
		{name: "ENOSPC", inject: "error=ENOSPC"},
		{name: "kill", inject: "signal=KILL"},
	}
}

// scene is a file before a save.
type scene struct {
	path     string
	uid, gid int
}

const (
	sceneMode     = fs.FileMode(0o640)
	sceneNote     = "user.note"
	sceneNoteText = "kept"
)

func newScene(t testing.TB) scene {
	t.Helper()
	s := scene{path: writeConf(t, web), uid: os.Getuid(), gid: os.Getgid()}
	if err := os.Chmod(s.path, sceneMode); err != nil {
		t.Fatal(err)
	}
	if s.uid == 0 {
		s.uid, s.gid = 12345, 23456
		if err := os.Chown(s.path, s.uid, s.gid); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Setxattr(s.path, sceneNote, []byte(sceneNoteText), 0); err != nil {
		t.Fatalf("extended attributes: %v: set TMPDIR to a file system that has them", err)
	}
	return s
}

// saved is the text that the editor leaves.
func saved(t testing.TB) string {
	t.Helper()
	f, _ := conf.Parse("c", []byte(web))
	if err := f.AddNode("web", node(0)); err != nil {
		t.Fatal(err)
	}
	return string(f.Bytes())
}

// TestFaults lets every system call of a save fail, and kills the editor at each.
// strace counts the calls of each kind apart, so each kind has its own run of
// numbers. The calls of the Go runtime's start are among them; they do no harm.
func TestFaults(t *testing.T) {
	strace, env := tool(t, "strace")
	calls := callsOfASave(t, strace, env)
	want := saved(t)
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			runs, written := 0, 0
			for _, call := range fileCalls() {
				if !slices.Contains(calls, call) {
					continue
				}
				n, now := faultEach(t, strace, env, f, call, want)
				runs, written = runs+n, written+now
			}
			t.Logf("%d faults, after %d of them the new file was in place", runs, written)
			if runs < 30 || written == 0 || written == runs {
				t.Errorf("%d faults, %d of them after the rename: these are not those of a save", runs, written)
			}
		})
	}
}

// faultEach injects a fault into the first call of a kind, the second and so on,
// until a run makes no more calls of it. It returns how many faults there were
// and how often the new file was in place afterwards.
func faultEach(t *testing.T, strace string, env []string, f fault, call, want string) (runs, written int) {
	t.Helper()
	const enough = 1000 // far more calls than a save makes
	for n := 1; n < enough; n++ {
		f.at = fmt.Sprintf("%s %d", call, n)
		s := newScene(t)
		hit, err := s.edit(t, strace, env, call, fmt.Sprintf("%s:when=%d", f.inject, n))
		now := s.check(t, f, want, err)
		s.checkRecovery(t, f)
		if t.Failed() {
			t.FailNow()
		}
		if !hit {
			if err != nil || !now {
				t.Errorf("%s: no fault came and the editor failed: %v", f.at, err)
			}
			return runs, written
		}
		runs++
		if now {
			written++
		}
	}
	t.Fatalf("%s: no end", f.at)
	return 0, 0
}

// edit runs the editor under strace with a fault at calls of a kind, and tells whether the fault came.
func (s scene) edit(t testing.TB, strace string, env []string, call, inject string) (hit bool, err error) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	editor := command(t, roleEdit, s.path, "0", "1")
	args := append([]string{"-f", "-qq", "-o", trace, "-e", "trace=" + call, "-e", "inject=" + call + ":" + inject}, editor.Args...)
	cmd := exec.CommandContext(t.Context(), strace, args...)
	cmd.Env = slices.Concat(editor.Env, env)
	output, err := cmd.CombinedOutput()
	text, readErr := os.ReadFile(trace)
	if readErr != nil {
		t.Fatalf("strace: %v: %s", readErr, output)
	}
	if err != nil {
		err = fmt.Errorf("%w: %s", err, firstLine(output))
	}
	killed := strings.Contains(string(text), "+++ killed by SIGKILL +++")
	return killed || strings.Contains(string(text), "(INJECTED)"), err
}

func firstLine(output []byte) string {
	line, _, _ := strings.Cut(string(output), "\n")
	return line
}

// check checks what the editor left, and returns whether the new text is in place.
func (s scene) check(t testing.TB, f fault, want string, err error) bool {
	t.Helper()
	text, readErr := os.ReadFile(s.path)
	if readErr != nil {
		t.Errorf("%s at %s: %v", f.name, f.at, readErr)
		return false
	}
	if string(text) != web && string(text) != want {
		t.Errorf("%s at %s: neither the old file nor the new one: %q", f.name, f.at, text)
	}
	if err == nil && string(text) != want {
		t.Errorf("%s at %s: the editor succeeded and the file is the old one", f.name, f.at)
	}
	s.checkDress(t, f)
	return string(text) == want
}

// checkDress checks mode, owner and extended attributes.
func (s scene) checkDress(t testing.TB, f fault) {
	t.Helper()
	info, err := os.Lstat(s.path)
	if err != nil {
		t.Errorf("%s at %s: %v", f.name, f.at, err)
		return
	}
	stat := info.Sys().(*syscall.Stat_t)
	if info.Mode() != sceneMode || int(stat.Uid) != s.uid || int(stat.Gid) != s.gid {
		t.Errorf("%s at %s: mode %v, owner %d:%d", f.name, f.at, info.Mode(), stat.Uid, stat.Gid)
	}
	note := make([]byte, 2*len(sceneNoteText))
	if size, err := syscall.Getxattr(s.path, sceneNote, note); err != nil || string(note[:size]) != sceneNoteText {
		t.Errorf("%s at %s: attribute %s: %v", f.name, f.at, sceneNote, err)
	}
}

// checkRecovery checks that the next edit succeeds and clears everything away.
func (s scene) checkRecovery(t testing.TB, f fault) {
	t.Helper()
	if err := conf.Edit(t.Context(), s.path, func(f *conf.File) error { return f.AddNode("web", node(1)) }); err != nil {
		t.Errorf("the edit after %s at %s: %v", f.name, f.at, err)
	}
	s.checkDress(t, f)
	wantFiles(t, filepath.Dir(s.path), ".cluster.conf.lock", "cluster.conf")
}

// callName is the name of a call in a trace with process numbers.
var callName = regexp.MustCompile(`^\d+ +([a-z0-9_]+)\(`)

// callsOfASave returns the system calls of an editor in the order in which they are made.
func callsOfASave(t testing.TB, strace string, env []string) []string {
	t.Helper()
	s := newScene(t)
	trace := filepath.Join(t.TempDir(), "trace")
	editor := command(t, roleEdit, s.path, "0", "1")
	cmd := exec.CommandContext(t.Context(), strace, append([]string{"-f", "-qq", "-o", trace}, editor.Args...)...)
	cmd.Env = slices.Concat(editor.Env, env)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	for line := range strings.Lines(string(text)) {
		if m := callName.FindStringSubmatch(line); m != nil {
			calls = append(calls, m[1])
		}
	}
	return calls
}

// TestFaultsCoverEveryCall looks for calls of a save that TestFaults does not inject into.
func TestFaultsCoverEveryCall(t *testing.T) {
	strace, env := tool(t, "strace")
	calls := callsOfASave(t, strace, env)
	for _, needed := range []string{"fsync", "fchmod", "fsetxattr", "fcntl"} {
		if !slices.Contains(calls, needed) {
			t.Errorf("a save makes no %s", needed)
		}
	}
	for _, call := range calls {
		if !slices.Contains(fileCalls(), call) && !slices.Contains(runtimeCalls(), call) {
			t.Errorf("a save makes %s, which TestFaults leaves alone", call)
		}
	}
}

// TestOrderOfASave checks what no fault can show, because it would take a power
// cut: that the text is on the disk before the rename, and the rename after it.
func TestOrderOfASave(t *testing.T) {
	strace, env := tool(t, "strace")
	var got []string
	for _, call := range callsOfASave(t, strace, env) {
		if slices.Contains([]string{"fchmod", "fsetxattr", "fsync", "rename", "renameat", "renameat2"}, call) {
			got = append(got, strings.TrimRight(call, "at2"))
		}
	}
	if want := []string{"fchmod", "fsetxattr", "fsync", "rename", "fsync"}; !slices.Equal(got, want) {
		t.Errorf("a save makes %v, want %v", got, want)
	}
}
