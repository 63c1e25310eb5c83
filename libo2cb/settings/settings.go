// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/safefile"
	"golang.org/x/sys/unix"
)

// MaxSize is the size of a file in bytes above which it is not read. Those of
// the distributions have less than a thirtieth of it.
const MaxSize = 64 << 10

// The files of the init script, below the root. vendor/common/o2cb.init.sh of ocfs2-tools.
const (
	sysconfigFile = "etc/sysconfig/o2cb"
	defaultFile   = "etc/default/o2cb"
)

// Settings are what the file says. A zero field is one that the file does not
// set, and then the init script leaves alone what the kernel has.
type Settings struct {
	Enabled     bool   // O2CB_ENABLED: start at boot; only the word true does
	Stack       string // O2CB_STACK: the cluster stack; o2cb when empty
	BootCluster string // O2CB_BOOTCLUSTER: the cluster that is started when none is named
	Node        string // O2CB_NODE: the name of this host's node when the host name is another; ours alone

	HeartbeatThreshold int    // O2CB_HEARTBEAT_THRESHOLD: dead after (threshold − 1) × 2 s; at least 3
	IdleTimeoutMS      int    // O2CB_IDLE_TIMEOUT_MS, in milliseconds
	KeepaliveDelayMS   int    // O2CB_KEEPALIVE_DELAY_MS, in milliseconds, below the idle timeout
	ReconnectDelayMS   int    // O2CB_RECONNECT_DELAY_MS, in milliseconds
	FenceMethod        string // O2CB_FENCE_METHOD: reset or panic; ours alone
}

// Timing returns the settings that go into the kernel, in the model's shape.
func (s *Settings) Timing() cluster.Timing {
	return cluster.Timing{
		IdleTimeout:    time.Duration(s.IdleTimeoutMS) * time.Millisecond,
		KeepaliveDelay: time.Duration(s.KeepaliveDelayMS) * time.Millisecond,
		ReconnectDelay: time.Duration(s.ReconnectDelayMS) * time.Millisecond,
		DeadThreshold:  s.HeartbeatThreshold,
		FenceMethod:    s.FenceMethod,
	}
}

// ErrNotRegular is that a path names a directory, a device, a FIFO or a socket.
var ErrNotRegular = safefile.ErrNotRegular

// Error is an operation on a settings file that failed.
type Error struct {
	Op   string // "read" or "find"
	Path string
	Err  error
}

// Error returns operation, path and cause in one line.
func (e *Error) Error() string {
	cause := e.Err
	var of *fs.PathError
	if errors.As(e.Err, &of) {
		cause = of.Err
	}
	return fmt.Sprintf("%s settings %s: %v", e.Op, e.Path, cause)
}

// Unwrap returns the cause; errors.Is works down to the errno.
func (e *Error) Unwrap() error { return e.Err }

// Path returns the file below root that the init script reads: that in
// /etc/sysconfig if it is there, else that in /etc/default if it is there, else
// the one whose directory is there. The file need not exist. The error is an
// *Error: a directory on the way cannot be searched.
//
// vendor/common/o2cb.init.sh of ocfs2-tools.
func Path(root string) (string, error) {
	sysconfig, other := filepath.Join(root, sysconfigFile), filepath.Join(root, defaultFile)
	for _, choice := range []struct {
		look   string
		usable func(fs.FileMode) bool
		path   string
	}{
		{sysconfig, fs.FileMode.IsRegular, sysconfig},
		{other, fs.FileMode.IsRegular, other},
		{filepath.Dir(sysconfig), fs.FileMode.IsDir, sysconfig},
	} {
		info, err := os.Stat(choice.look)
		switch {
		case err == nil && choice.usable(info.Mode()):
			return choice.path, nil
		case err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTDIR):
			return "", &Error{Op: "find", Path: choice.look, Err: err}
		}
	}
	return other, nil
}

// Load reads a settings file. A file that does not exist sets nothing. What is
// wrong with the text are findings, all of them at once; whoever acts on the
// settings looks at Findings.Err or ErrPermissive first. The error is an *Error
// and only about input and output; a directory, a device or a FIFO is ErrNotRegular.
func Load(path string) (*Settings, Findings, error) {
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Settings{}, nil, nil
	}
	if err != nil {
		return nil, nil, &Error{Op: "read", Path: path, Err: err}
	}
	s, findings := Parse(path, text)
	return s, findings, nil
}

// read returns up to one byte more than is allowed, so that Parse can tell.
func read(path string) ([]byte, error) {
	// O_NONBLOCK: opening a FIFO would wait for its writer.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNotRegular
	}
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}
