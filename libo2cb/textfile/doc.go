// SPDX-License-Identifier: Apache-2.0

// Package textfile replaces a small text file whole, so that nobody ever reads half
// of it: editors of one file come one after the other, what somebody else wrote
// meanwhile is never overwritten, and after a power cut the file is the old or the
// new one.
//
//	target, err := textfile.Resolve(path)
//	lock, err := textfile.Acquire(ctx, target)
//	defer lock.Release()
//	was, err := textfile.Read(target, most)
//	err = lock.Replace(was, edited(was.Text))
//
// It is the wrong package for a file that programs append to, and for one that is
// written in place because others have it open.
package textfile
