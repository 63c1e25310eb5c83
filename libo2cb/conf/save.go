// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"context"
	"errors"
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/safefile"
)

// What a save refuses with, wrapped in an *Error.
var (
	// ErrChanged is that somebody changed the file since it was read.
	ErrChanged = safefile.ErrChanged
	// ErrLocked is that another program is editing the file and did not finish in time.
	ErrLocked = safefile.ErrLocked
	// ErrTooLarge is that the text has more than MaxSize bytes, so that nobody would read it.
	ErrTooLarge = errors.New("the file would be larger than a cluster.conf may be")
	// ErrNotLoaded is that a File comes from Parse and has no place on disk.
	ErrNotLoaded = errors.New("the text was not read from a file")
)

// Edit changes the file at path: it locks, loads, calls edit, checks and saves.
// Edits of one file, in this process and in others, happen one after the other and
// none is lost. When edit leaves the text as it was nothing is written.
//
// The file that edit leaves must be free of errors; permissible ones that it had
// before are left alone, others are an *InvalidError and nothing is written. An
// error of edit is returned as it is. edit runs under the lock: it must not Save,
// nor Edit the same file. For the rest see Save.
func Edit(ctx context.Context, path string, edit func(*File) error) error {
	return change(ctx, path, edit, func(before, after Findings) error {
		return invalid(newErrors(before, after))
	})
}

// EditPermissive is Edit that also lets pass what neither the C tools nor the
// kernel mind, such as a node name with a dot.
func EditPermissive(ctx context.Context, path string, edit func(*File) error) error {
	return change(ctx, path, edit, func(_, after Findings) error {
		return after.ErrPermissive()
	})
}

// FormatFile brings the file at path into the canonical form, see Format, as Edit
// saves it. Its meaning stays, so that rules it breaks are no reason to refuse;
// errors of syntax are, with an *InvalidError.
func FormatFile(ctx context.Context, path string) error {
	return change(ctx, path, (*File).Format, func(_, _ Findings) error { return nil })
}

// Save writes the file back to where Load found it, through symbolic links, when
// its text has changed. It fails with ErrChanged when the file on disk is no longer
// the one that was loaded, with ErrLocked when another editor does not finish
// before ctx ends (LockWait without a deadline), and with an *InvalidError when the
// result has errors that are not permissible.
//
// The new text is written beside the old file, with its owner, mode and extended
// attributes, synced, and renamed over it: at any moment, after a power cut too,
// the file is the old or the new one. A new file has mode 0644; a missing last
// directory is made with 0755. A lock file, .NAME.lock, stays beside the file.
// Other hard links keep the old text.
func (f *File) Save(ctx context.Context) error {
	if f.loaded == nil {
		return &Error{Op: "write", Path: f.name, Err: ErrNotLoaded}
	}
	if f.tree.text == f.loaded.Text {
		return nil
	}
	if err := f.findings.ErrPermissive(); err != nil {
		return err
	}
	held, err := safefile.Lock(ctx, f.loaded.Path)
	if err != nil {
		return err
	}
	defer func() { _ = held.Close() }()
	return f.replaceLocked()
}

// change is Edit with the check that the result must pass.
func change(ctx context.Context, path string, edit func(*File) error, check func(before, after Findings) error) error {
	target, err := safefile.Resolve(path)
	if err != nil {
		return &Error{Op: "read", Path: path, Err: err}
	}
	held, err := safefile.Lock(ctx, target)
	if err != nil {
		return err
	}
	defer func() { _ = held.Close() }()
	f, err := load(path, target)
	if err != nil {
		return err
	}
	before := f.findings
	if err := edit(f); err != nil {
		return err
	}
	if f.tree.text == f.loaded.Text {
		return nil
	}
	if err := check(before, f.findings); err != nil {
		return err
	}
	return f.replaceLocked()
}

// newErrors returns the errors of after without the permissible ones of before.
func newErrors(before, after Findings) Findings {
	type same struct {
		code  cluster.Code
		found string
	}
	known := map[same]bool{}
	for _, f := range before.Errors() {
		known[same{f.Code, f.Found}] = f.Permissible
	}
	return after.Errors().filter(func(f Finding) bool {
		return !f.Permissible || !known[same{f.Code, f.Found}]
	})
}

func errTooLarge(f *File) error {
	return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(f.tree.text), MaxSize)
}

// replaceLocked writes the text over the file on disk if that is still the one
// that was loaded. The caller holds the lock.
func (f *File) replaceLocked() error {
	if len(f.tree.text) > MaxSize {
		return &Error{Op: "write", Path: f.loaded.Path, Err: errTooLarge(f)}
	}
	if err := f.loaded.Replace(f.tree.text); err != nil {
		return err
	}
	f.loaded = f.loaded.As(f.tree.text) // what a next Save compares with
	return nil
}
