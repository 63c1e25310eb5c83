// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The devices of the volumes that prepareDisks makes.
const (
	localDisk  = "/dev/ubda"  // for cluster web and its local heartbeat: regionA
	globalDisk = "/dev/ubdb"  // for cluster web and its global heartbeat: regionB
	globalLoop = "/dev/loop0" // the same: the C tools look for regions under few names only
	otherDisk  = "/dev/ubdc"  // for cluster db
	noDisk     = "/dev/ubdd"  // no volume
)

// prepareDisks are the command lines that make the volumes, with Debian's tool.
const prepareDisks = `
	mkfs.ocfs2 -q -x -F -b 4096 -C 4096 -N 2 -J size=4M --cluster-stack=o2cb --cluster-name=web -U ` + regionA + ` ` + localDisk + `
	mkfs.ocfs2 -q -x -F -b 4096 -C 4096 -N 2 -J size=4M --cluster-stack=o2cb --cluster-name=web --global-heartbeat -U ` + regionB + ` ` + globalDisk + `
	mkfs.ocfs2 -q -x -F -b 4096 -C 4096 -N 2 -J size=4M --cluster-stack=o2cb --cluster-name=db ` + otherDisk + `
	modprobe loop
	losetup ` + globalLoop + ` ` + globalDisk + `
	mkdir -p ` + mountPoint + `
`

// scene is something that the kernel is doing while a command line comes. A
// region takes ten seconds to start, so that it stays for the next command line
// of the scene unless one changed it.
type scene struct {
	enter string // command lines, by the C tools
	lock  bool   // a lock is held besides
}

func scenes() map[string]scene {
	region := "o2cb register-cluster web\nocfs2_hb_ctl -S -d " + localDisk + " test"
	const globally = "o2cb register-cluster web\no2cb start-heartbeat web"
	return map[string]scene{
		"region":         {enter: region},
		"lock":           {enter: region, lock: true},
		"mounted":        {enter: "o2cb register-cluster web\nmount.ocfs2 " + localDisk + " " + mountPoint},
		"global":         {enter: globally},
		"global mounted": {enter: globally + "\nmount.ocfs2 " + globalLoop + " " + mountPoint},
	}
}

// stage is the scene that the kernel is in.
type stage struct {
	scene  string
	config string
	state  string // kernelState at its beginning
}

// set brings kernel and file to the beginning of a job's scene.
func (r *runner) set(j job) error {
	if r.stage.scene == j.Scene && r.stage.config == j.Config {
		restored, err := r.restore(j)
		if restored || err != nil {
			return err
		}
	}
	s, known := scenes()[j.Scene]
	if !known {
		return fmt.Errorf("no scene %q", j.Scene)
	}
	if err := errors.Join(r.clear(), writeConfig(j.Config), setUp(s.enter)); err != nil {
		return err
	}
	if s.lock {
		if err := r.takeLock(); err != nil {
			return err
		}
	}
	state, err := kernelState()
	r.stage = stage{scene: j.Scene, config: j.Config, state: state}
	return errors.Join(err, setUp(j.Setup))
}

// restore repairs what can be repaired while a region runs, the nodes, and tells
// whether the kernel is at the beginning of the scene again.
func (r *runner) restore(j job) (bool, error) {
	if err := writeConfig(j.Config); err != nil {
		return false, err
	}
	state, err := kernelState()
	if err == nil && state != r.stage.state {
		command("o2cb", "register-cluster", "web")
		state, err = kernelState()
	}
	if err != nil || state != r.stage.state {
		return false, err
	}
	return true, setUp(j.Setup)
}

// takeLock holds a lock in a domain, as a program that knows only dlmfs.
func (r *runner) takeLock() error {
	domain := filepath.Join(domains, "test")
	err := os.Mkdir(domain, 0o755)
	if err == nil {
		r.lock, err = os.OpenFile(filepath.Join(domain, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	}
	return err
}
