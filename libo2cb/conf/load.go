// SPDX-License-Identifier: Apache-2.0

package conf

import "github.com/o2cb-go/o2cb/libo2cb/safefile"

// Error is an operation on a file that failed.
type Error = safefile.Error

// ErrNotRegular is that a path names a directory, a device, a FIFO or a socket.
var ErrNotRegular = safefile.ErrNotRegular

// Load reads a file. The error is an *Error and only about input and output; what
// is wrong with the text are findings. A file that does not exist reads as an
// empty one, as with the C tools. A file of more than MaxSize bytes is a finding
// and not read to its end; a directory, a device, a FIFO or a path that ends in a
// slash is ErrNotRegular. To read from those, pass what they say to Parse.
func Load(path string) (*File, Findings, error) {
	target, err := safefile.Resolve(path)
	if err != nil {
		return nil, nil, &Error{Op: "read", Path: path, Err: err}
	}
	f, err := load(path, target)
	if err != nil {
		return nil, nil, err
	}
	return f, f.findings, nil
}

// load reads target, which is no symbolic link, into a File called name.
func load(name, target string) (*File, error) {
	src, err := safefile.Read(target, MaxSize)
	if err != nil {
		return nil, err
	}
	f := &File{name: name, loaded: src}
	if len(src.Text) > MaxSize {
		f.refuseSize("")
		return f, nil
	}
	f.parse(src.Text)
	return f, nil
}
