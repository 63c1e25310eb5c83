// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

// HeartbeatMode returns where the nodes of a cluster show that they are alive.
// A kernel without the attribute (before 2.6.37) knows local mode only.
func (f *FS) HeartbeatMode(clusterName string) (cluster.HeartbeatMode, error) {
	d, err := f.cluster(clusterName)
	if err != nil {
		return "", err
	}
	defer d.close()
	mode, err := readMode(d)
	return mode, vanished(err)
}

// SetHeartbeatMode sets the mode, if it is another one, and reads it back.
//
// The kernel ignores a change while any region exists: that is [ErrIgnored]. An
// unknown mode is EINVAL. On a kernel without the attribute, local mode is
// granted and global mode is ENOENT.
func (f *FS) SetHeartbeatMode(clusterName string, mode cluster.HeartbeatMode) error {
	d, err := f.cluster(clusterName)
	if err != nil {
		return err
	}
	defer d.close()
	was, err := readMode(d)
	if err != nil || was == mode {
		return vanished(err)
	}
	if err := d.write("heartbeat/mode", string(mode)); err != nil {
		return err
	}
	is, err := readMode(d)
	if err != nil || is == mode {
		return vanished(err)
	}
	e := newError("write", d.path+"/heartbeat/mode", string(mode), ErrIgnored)
	e.Reason = fmt.Sprintf("the mode stays %s while a heartbeat region exists", is)
	e.Mend = "take the cluster offline to change it"
	return e
}

// readMode reads the mode of the cluster in d.
func readMode(d *dir) (cluster.HeartbeatMode, error) {
	text, found, err := readIfThere(d, "heartbeat/mode")
	if err != nil {
		return "", err
	}
	if !found {
		return cluster.LocalHeartbeat, nil
	}
	return cluster.HeartbeatMode(text), nil
}

// readIfThere reads an attribute that not every kernel has. found is false when
// the kernel lacks it; a cluster that went away is an error.
func readIfThere(d *dir, rel string) (value string, found bool, err error) {
	value, err = d.read(rel)
	if !errors.Is(err, unix.ENOENT) {
		return value, err == nil, err
	}
	stands, statErr := d.stands()
	if statErr != nil {
		return "", false, statErr
	}
	if !stands {
		return "", false, err
	}
	return "", false, nil
}
