// SPDX-License-Identifier: Apache-2.0

package volumes

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// TestMain also is the main function of the programs that run in the guests.
func TestMain(m *testing.M) {
	lab.Main(m, map[string]func(args []string) int{
		"online":     role(online),
		"start":      role(start),
		"stop":       role(stop),
		"references": role(references),
		"find":       role(find),
		"reformat":   role(readAgain),
		"slots":      role(slots),
	})
}

const (
	clusterName = "web"
	mountPoint  = "/sys/kernel/config"
	disk        = "/dev/ubda"
)

// role makes a program of f: its first result goes to standard output as JSON,
// an error to standard error.
func role(f func(ctx context.Context, args []string) (any, error)) func(args []string) int {
	return func(args []string) int {
		ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM, unix.SIGINT)
		defer stop()
		result, err := f(ctx, args)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if result != nil {
			_ = json.NewEncoder(os.Stdout).Encode(result)
		}
		return 0
	}
}

// online THIS NODES makes the kernel's cluster with its nodes.
func online(_ context.Context, args []string) (any, error) {
	this, err := strconv.Atoi(args[0])
	if err != nil {
		return nil, err
	}
	total, err := strconv.Atoi(args[1])
	if err != nil {
		return nil, err
	}
	fs := configfs.New(mountPoint)
	if err := fs.CreateCluster(clusterName); err != nil {
		return nil, err
	}
	for i := range total {
		err := fs.AddNode(clusterName, cluster.Node{
			Name: fmt.Sprint("node", i), Number: i, Port: cluster.DefaultPort, Local: i == this,
			Address: netip.AddrFrom4([4]byte{10, 9, 0, byte(i + 1)}),
		})
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// startResult is what start prints.
type startResult struct {
	Started  bool
	Progress int // how often it was reported
}

// start LIFETIME [noise] starts the region on the disk. With a process-bound
// reference it then waits to be killed. With noise all its threads get signals
// all the time, as Go's runtime may send them.
func start(ctx context.Context, args []string) (any, error) {
	r := heartbeat.Request{Cluster: clusterName, Device: disk}
	if args[0] == "process" {
		r.Lifetime = heartbeat.ProcessBound
	}
	if len(args) > 1 {
		quiet, cancel := context.WithCancel(ctx)
		defer cancel()
		go noise(quiet)
	}
	calls := 0
	r.Progress = func(elapsed, _ time.Duration) {
		if calls == 0 {
			fmt.Println("starting")
		}
		calls++
	}
	result, err := keeper().Start(ctx, r)
	if err != nil {
		return nil, err
	}
	if r.Lifetime == heartbeat.ProcessBound {
		fmt.Println("holding")
		<-ctx.Done()
	}
	return startResult{result.Started, calls}, nil
}

// noise sends SIGURG to every thread of this process until ctx ends.
func noise(ctx context.Context) {
	for ctx.Err() == nil {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return
		}
		for _, thread := range threads {
			if tid, err := strconv.Atoi(thread.Name()); err == nil {
				_ = unix.Tgkill(os.Getpid(), tid, unix.SIGURG)
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// stop REGION drops a persistent reference and prints whether the region stopped.
func stop(ctx context.Context, args []string) (any, error) {
	return keeper().Stop(ctx, clusterName, args[0], heartbeat.Persistent)
}

// references REGION prints the count, -1 when nobody counts.
func references(_ context.Context, args []string) (any, error) {
	n, ok, err := keeper().References(args[0])
	if err == nil && !ok {
		n = -1
	}
	return n, err
}

// find UUID prints the volume.
func find(ctx context.Context, args []string) (any, error) {
	return volume.Find(ctx, "/", args[0])
}

// readAgain keeps the disk open, reads it through the page cache, says so, waits for
// the file that its argument names, and prints the volume that ReadFile sees then.
func readAgain(ctx context.Context, args []string) (any, error) {
	f, err := os.Open(disk)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.ReadAt(make([]byte, 1<<20), 0); err != nil {
		return nil, err
	}
	fmt.Println("cached")
	for {
		if _, err := os.Stat(args[0]); err == nil {
			break
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		time.Sleep(10 * time.Millisecond)
	}
	again, err := os.Open(disk)
	if err != nil {
		return nil, err
	}
	defer again.Close()
	return volume.ReadFile(again)
}

// slots prints the heartbeat blocks of the disk.
func slots(context.Context, []string) (any, error) {
	v, err := volume.Open(disk)
	if err != nil {
		return nil, err
	}
	d, err := volume.OpenDevice(disk)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return volume.ReadSlots(d, v.Area)
}

func keeper() *heartbeat.Keeper { return heartbeat.New(configfs.New(mountPoint), nil) }
