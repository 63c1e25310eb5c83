// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// signalAll sends a signal to those of some who use the cluster at this moment,
// after tell was told of each.
//
// A process descriptor is taken first and the look comes second, so that no process
// is hit that has got the number of another since. pidfd_open(2).
func signalAll(ctx context.Context, some []suspect, find finder, sig unix.Signal, tell func(suspect)) error {
	descriptors := map[int]int{}
	defer func() {
		for _, fd := range descriptors {
			unix.Close(fd)
		}
	}()
	for _, s := range some {
		fd, err := unix.PidfdOpen(s.pid, 0)
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			return fmt.Errorf("pidfd_open of process %d (%s): %w; with a kernel before 5.3 stop it by hand", s.pid, s.command, err)
		}
		descriptors[s.pid] = fd
	}
	now, err := find(ctx)
	if err != nil {
		return err
	}
	for _, s := range among(some, now) {
		fd, ok := descriptors[s.pid]
		if !ok {
			continue
		}
		tell(s)
		if err := unix.PidfdSendSignal(fd, sig, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("send %s to process %d (%s): %w", unix.SignalName(sig), s.pid, s.command, err)
		}
	}
	return nil
}

// knockPatience is how long a touch of a lock file may take. The kernel keeps it
// waiting only while another process removes the file.
const knockPatience = time.Second

// errKnock ends that patience.
var errKnock = errors.New("nobody opens")

// knock touches lock files, which holders who watch them take as the request to
// let go. A holder that does not hear it gets the same time.
func knock(ctx context.Context, files []string) {
	_, _ = patiently(ctx, knockPatience, errKnock, func() (struct{}, error) {
		now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
		for _, file := range files {
			// One that is gone has been let go of.
			_ = unix.UtimesNanoAt(unix.AT_FDCWD, file, now, unix.AT_SYMLINK_NOFOLLOW)
		}
		return struct{}{}, nil
	})
}
