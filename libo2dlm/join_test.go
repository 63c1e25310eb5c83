// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

func TestJoinRefuses(t *testing.T) {
	mount := newMount(t)
	if err := os.WriteFile(filepath.Join(mount, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(mount, "link")); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(mount, "missing")
	single := func(mount string) *libo2dlm.JoinOptions {
		return &libo2dlm.JoinOptions{Mount: mount, SingleNode: true}
	}
	tests := []struct {
		name   string
		domain string
		opts   *libo2dlm.JoinOptions
		want   error  // nil when there is no sentinel
		text   string // in the message
	}{
		{"plain directory", "d", &libo2dlm.JoinOptions{Mount: mount}, libo2dlm.ErrNotDLMFS, "o2cb_ctl load"},
		{"no mount point", "d", &libo2dlm.JoinOptions{Mount: missing}, unix.ENOENT, "o2cb_ctl load"},
		{"single node, no directory", "d", single(missing), unix.ENOENT, missing},
		{"single node, none named", "d", &libo2dlm.JoinOptions{SingleNode: true}, nil, "Mount is empty"},
		{"negative limit", "d", &libo2dlm.JoinOptions{MaxWaiters: -1}, nil, "MaxWaiters is -1"},
		{"domain is a file", "file", single(mount), unix.ENOTDIR, "not a directory"},
		{"domain is a link", "link", single(mount), nil, "not a directory"},
		{"empty name", "", single(mount), libo2dlm.ErrName, "needs one"},
		{"dot", ".", single(mount), libo2dlm.ErrName, "directory"},
		{"dots", "..", single(mount), libo2dlm.ErrName, "directory"},
		{"slash", "a/b", single(mount), libo2dlm.ErrName, "'/'"},
		{"NUL", "a\x00", single(mount), libo2dlm.ErrName, `'\x00'`},
		{"long name", strings.Repeat("n", 64), single(mount), libo2dlm.ErrName, "at most 63"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := libo2dlm.Join(t.Context(), tt.domain, tt.opts)
			var e *libo2dlm.Error
			if !errors.As(err, &e) || e.Op != "join" || e.Domain != tt.domain {
				t.Fatalf("Join returned %v", err)
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%v is not %v", err, tt.want)
			}
			if text := err.Error(); !strings.Contains(text, tt.text) || strings.ContainsAny(text, "\n\x00") {
				t.Errorf("%q does not say %q in one line", text, tt.text)
			}
		})
	}
	if entries, err := os.ReadDir(mount); err != nil || len(entries) != 2 {
		t.Errorf("refused joins left %v (%v)", entries, err)
	}
}

func TestJoinDefaultMount(t *testing.T) {
	_, err := libo2dlm.Join(t.Context(), "d", &libo2dlm.JoinOptions{MaxWaiters: -1})
	var e *libo2dlm.Error
	if !errors.As(err, &e) || e.Path != "/dlm/d" {
		t.Errorf("Join with default options returned %v", err)
	}
}

func TestJoinCancelled(t *testing.T) {
	mount := newMount(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := libo2dlm.Join(ctx, domain, &libo2dlm.JoinOptions{Mount: mount, SingleNode: true})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Join returned %v", err)
	}
	if _, err := os.Stat(filepath.Join(mount, domain)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a Join that was cancelled before made the domain: %v", err)
	}
}

func TestJoinTwice(t *testing.T) {
	mount := newMount(t)
	a, b := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	h := lock(t, a, "r")
	if _, err := b.TryLock("r", exc); !errors.Is(err, libo2dlm.ErrBusy) {
		t.Errorf("a lock held through another Join: %v", err)
	}
	release(t, h)
	st, err := os.Stat(filepath.Join(mount, domain))
	if err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the domain's directory has mode %v (%v)", st.Mode(), err)
	}
}
