// SPDX-License-Identifier: Apache-2.0

package safefile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Lock keeps other editors of target out until the lock is closed or the process
// ends. It makes the last directory of the path when it is missing, and clears away
// what killed saves left. It waits until ctx ends, or for LockWait when ctx has no
// deadline, and then fails with ErrLocked. Beside a device no lock file is made. The
// error is an *Error.
func Lock(ctx context.Context, target string) (io.Closer, error) {
	if info, err := os.Lstat(target); err == nil && !info.Mode().IsRegular() {
		return nil, &Error{Op: "write", Path: target, Err: fmt.Errorf("%w but %s", ErrNotRegular, kindOf(info.Mode()))}
	}
	dir := filepath.Dir(target)
	err := os.Mkdir(dir, 0o755)
	switch {
	case err == nil:
		err := os.Chmod(dir, 0o755) // whatever the umask: others read the file, too
		if err == nil {
			err = syncDirectory(filepath.Dir(dir))
		}
		if err != nil {
			return nil, &Error{Op: "create directory", Path: dir, Err: err}
		}
	case !errors.Is(err, fs.ErrExist):
		return nil, &Error{Op: "create directory", Path: dir, Err: err}
	}
	held, err := lock(ctx, target)
	if err != nil {
		return nil, err
	}
	removeStrays(target)
	return held, nil
}

// Replace writes text in the place of the file, onto the disk, if that still stands
// as it was read; else it fails with ErrChanged and writes nothing. Owner, mode,
// access list and extended attributes stay; a file that was not there gets mode
// 0644. After a power cut the old or the new file is there. The caller holds the
// lock. The error is an *Error.
func (s *Source) Replace(text string) error {
	now, err := open(s.Path, s.limit)
	if err != nil {
		return err
	}
	defer now.close()
	if now.There != s.There || now.Text != s.Text {
		return &Error{Op: "write", Path: now.Path, Err: ErrChanged, Mend: "look at it and repeat the edit"}
	}
	return now.put(text)
}

// As returns the source as it is after Replace has written text.
func (s *Source) As(text string) *Source {
	return &Source{Path: s.Path, Text: text, There: true, limit: s.limit}
}

// errUnsynced explains a failure after the rename.
func errUnsynced(err error) error {
	return fmt.Errorf("the new text is in place, but may not survive a power cut: %w", err)
}
