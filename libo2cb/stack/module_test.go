// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseModules(t *testing.T) {
	got, err := parseModules("ocfs2_stackglue 20480 2 ocfs2_dlmfs,ocfs2_stack_o2cb, Live 0x0000000000000000\n" +
		"nvidia 1 - - Live 0x0 (POE)\nloop 40960 3 - Live 0xffffffffc0a00000\n")
	want := []module{{"ocfs2_stackglue", 2, []string{"ocfs2_dlmfs", "ocfs2_stack_o2cb"}}, {"nvidia", 0, nil}, {"loop", 3, nil}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("parseModules() = %v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{"loop 40960 3\n", "loop 40960 many - Live 0x0\n", "\n"} {
		if got, err := parseModules(bad); err == nil {
			t.Errorf("parseModules(%q) = %v", bad, got)
		}
	}
}

func TestWake(t *testing.T) {
	modules, err := parseModules(loaded["proc/modules"] + "ocfs2 1 0 - Live 0x0\njbd2 1 2 ocfs2,ext4, Live 0x0\nmbcache 1 1 ext4, Live 0x0\nlibcrc32c 1 1 jbd2, Live 0x0\ncrc32c_generic 1 0 - Live 0x0\n")
	if err != nil {
		t.Fatal(err)
	}
	got := wake(modules)
	slices.Sort(got)
	want := []string{"configfs", "crc32c_generic", "jbd2", "libcrc32c", "ocfs2", "ocfs2_dlm", "ocfs2_dlmfs", "ocfs2_nodemanager", "ocfs2_stack_o2cb", "ocfs2_stackglue"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("wake() = %v, want %v", got, want)
	}
}

// says checks that err is cause and names all the parts in one line.
func says(t testing.TB, err, cause error, parts ...string) {
	t.Helper()
	if err == nil || cause != nil && !errors.Is(err, cause) {
		t.Fatalf("error %v, want %v", err, cause)
	}
	for _, p := range append(parts, "") {
		if !strings.Contains(err.Error(), p) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %q, want one line with %q", err, p)
		}
	}
}
