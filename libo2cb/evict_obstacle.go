// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// checkObstacles refuses when something uses the cluster that Evict leaves alone.
func (e *evicting) checkObstacles(ctx context.Context) error {
	found, err := e.find(ctx)
	if err != nil {
		return err
	}
	untouchable, err := e.untouchable(os.Getpid())
	if err != nil {
		return err
	}
	more, err := e.obstacles(ctx)
	if err != nil {
		return err
	}
	return refuseUntouchable(found, untouchable, more)
}

// spare refuses when one of those found gets no signal.
func (e *evicting) spare(found []suspect) error {
	untouchable, err := e.untouchable(os.Getpid())
	if err != nil {
		return err
	}
	return refuseUntouchable(found, untouchable, nil)
}

// refuseUntouchable returns an error that names those found who get no signal, and
// other obstacles.
func refuseUntouchable(found []suspect, untouchable map[int]string, others []Obstacle) error {
	var obstacles []Obstacle
	for _, s := range found {
		if why, ok := untouchable[s.pid]; ok {
			obstacles = append(obstacles, Obstacle{
				What: fmt.Sprintf("process %d (%s), %s, has %s", s.pid, s.command, why, strings.Join(s.uses, ", ")),
				Mend: "let it leave by itself, or run this command from elsewhere"})
		}
	}
	if obstacles = append(obstacles, others...); len(obstacles) > 0 {
		return &ObstacleError{Obstacles: obstacles}
	}
	return nil
}

// untouchable returns the processes that get no signal, each with the reason:
// process 1, self, its ancestors and the leader of its session.
func (m *Manager) untouchable(self int) (map[int]string, error) {
	why := map[int]string{}
	for pid := self; pid > 0; {
		s, err := readStat(m.process(pid))
		if errors.Is(err, fs.ErrNotExist) {
			break // an ancestor outside of this pid namespace, or just gone
		}
		if err != nil {
			return nil, err
		}
		why[pid] = "which this command runs under"
		if pid == self && s.session > 0 {
			why[s.session] = "the leader of this command's session"
		}
		pid = s.parent
	}
	why[1] = "the system's first"
	why[self] = "this command"
	return why, nil
}

// obstacles returns what keeps a volume mounted and is no process.
func (m *Manager) obstacles(ctx context.Context) ([]Obstacle, error) {
	all, err := m.mounts(ctx)
	if err != nil {
		return nil, err
	}
	volumes := primary(clustered(all))
	if len(volumes) == 0 {
		return nil, nil
	}
	found := append(nested(all, volumes), overlays(all, volumes)...)
	for _, look := range []func([]mount) ([]Obstacle, error){m.loops, m.swaps, m.exports} {
		more, err := look(volumes)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// nested returns the file systems that are mounted on a directory of a volume.
func nested(all, volumes []mount) (found []Obstacle) {
	for _, n := range all {
		if n.Type != "ocfs2" && slices.ContainsFunc(volumes, func(v mount) bool { return v.id == n.parent }) {
			found = append(found, Obstacle{What: fmt.Sprintf("%s is mounted on %s", n.Source, n.Target), Mend: "umount " + n.Target})
		}
	}
	return found
}

// overlays returns the overlays one of whose layers is on a volume.
// Documentation/filesystems/overlayfs.rst.
func overlays(all, volumes []mount) (found []Obstacle) {
	for _, o := range all {
		if o.Type == "overlay" && slices.ContainsFunc(layers(o), func(path string) bool { return onAny(path, o.namespace, volumes) }) {
			found = append(found, Obstacle{What: "an overlay over the volume is mounted on " + o.Target, Mend: "umount " + o.Target})
		}
	}
	return found
}

// layers returns the directories of an overlay.
func layers(overlay mount) (paths []string) {
	for _, option := range overlay.options {
		name, value, _ := strings.Cut(option, "=")
		switch strings.TrimSuffix(name, "+") {
		case "lowerdir", "upperdir", "workdir":
			paths = append(paths, strings.Split(value, ":")...)
		}
	}
	return paths
}

// loops returns the loop devices whose file is on a volume. The kernel tells the
// path in /sys/block/loopN/loop/backing_file; drivers/block/loop.c.
func (m *Manager) loops(volumes []mount) ([]Obstacle, error) {
	files, err := filepath.Glob(m.path("sys/block/loop*/loop/backing_file"))
	if err != nil {
		return nil, err
	}
	var found []Obstacle
	for _, f := range files {
		text, err := os.ReadFile(f)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if path := strings.TrimSuffix(string(text), "\n"); onAny(path, own, volumes) {
			device := "/dev/" + filepath.Base(filepath.Dir(filepath.Dir(f)))
			found = append(found, Obstacle{What: fmt.Sprintf("loop device %s is the file %s", device, path), Mend: "losetup -d " + device})
		}
	}
	return found, nil
}

// swaps returns the swap files on a volume. /proc/swaps, proc(5).
func (m *Manager) swaps(volumes []mount) ([]Obstacle, error) {
	paths, err := m.firstFields("proc/swaps")
	var found []Obstacle
	for _, path := range paths {
		if onAny(path, own, volumes) {
			found = append(found, Obstacle{What: "the system swaps to " + path, Mend: "swapoff " + path})
		}
	}
	return found, err
}

// exports returns the directories of a volume that the kernel's NFS server has
// open for its clients. /proc/fs/nfs/exports, nfsd(7).
func (m *Manager) exports(volumes []mount) ([]Obstacle, error) {
	paths, err := m.firstFields("proc/fs/nfs/exports")
	var found []Obstacle
	for _, path := range paths {
		if onAny(path, own, volumes) {
			found = append(found, Obstacle{What: "the NFS server exports " + path, Mend: "take it out of /etc/exports, exportfs -ra, exportfs -f"})
		}
	}
	return found, err
}

// firstFields returns the first field of each line, unescaped; none without the file.
func (m *Manager) firstFields(name string) ([]string, error) {
	text, err := os.ReadFile(m.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var fields []string
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 0 {
			fields = append(fields, unescape(words[0]))
		}
	}
	return fields, nil
}

// unescape undoes what the kernel does to blanks in paths, "\040": mangle_path in
// fs/seq_file.c.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+4 <= len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
