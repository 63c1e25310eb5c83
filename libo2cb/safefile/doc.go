// SPDX-License-Identifier: Apache-2.0

// Package safefile replaces a text file of configuration so that nobody loses
// anything: editors wait for one another, a file that somebody changed meanwhile is
// not overwritten, what the file system keeps besides the text stays, and a power
// cut leaves the old text or the new one.
//
//	target, err := safefile.Resolve(path)
//	lock, err := safefile.Lock(ctx, target)
//	source, err := safefile.Read(target, maxSize)
//	err = source.Replace(edit(source.Text))
//	err = lock.Close()
//
// It knows nothing of what the text means. Do not use it for files that programs
// hold open, such as logs: they would keep the old one.
package safefile
