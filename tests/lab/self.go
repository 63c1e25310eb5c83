// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// roleEnv tells a program in a guest which role it plays.
const roleEnv = "O2CB_LAB_ROLE"

// Self returns a command that runs this very program in a guest, where Main (or
// Play) calls the function of that role with args.
//
// The race detector cannot run in User Mode Linux, whose processes have less
// address space than it wants. A program built with -race is built once more
// without it, from the sources as they are now.
func Self(role string, args ...string) (Command, error) {
	path, err := selfPath()
	if err != nil {
		return Command{}, fmt.Errorf("role %s: %w", role, err)
	}
	return Command{
		Args:     append([]string{role}, args...),
		Env:      []string{roleEnv + "=" + role},
		hostFile: path,
	}, nil
}

func selfPath() (string, error) {
	if raceDetector {
		return buildTwin()
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return path, nil
}

// buildTwin builds this program without the race detector and returns its path.
func buildTwin() (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errors.New("this program does not say what it was built from")
	}
	repository, err := findRepository()
	if err != nil {
		return "", err
	}
	cache, err := cacheDir(repository)
	if err != nil {
		return "", err
	}
	verb := []string{"build"}
	source, isTest := strings.CutSuffix(info.Path, ".test")
	if isTest {
		verb = []string{"test", "-c"}
	}
	// One file for each package; go leaves it alone when it is up to date.
	sum := sha256.Sum256([]byte(info.Path))
	path := filepath.Join(cache, fmt.Sprintf("twin-%x", sum[:8]))
	lock, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	cmd := exec.Command("go", append(verb, "-race=false", "-buildvcs=false", "-o", path, source)...)
	cmd.Dir = filepath.Join(repository, "tests")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s without -race: %w\n%s", source, err, out)
	}
	return path, nil
}

// RunSelf runs this very program in the guest, where Main calls the function of
// that role with args, whose value is the status. It fails the test as Run does.
func (n *Node) RunSelf(role string, args ...string) Result {
	n.cluster.tb.Helper()
	return n.RunCommand(n.self(role, args))
}

// StartSelf is RunSelf and returns at once.
func (n *Node) StartSelf(role string, args ...string) *Process {
	n.cluster.tb.Helper()
	return n.Start(n.self(role, args))
}

func (n *Node) self(role string, args []string) Command {
	n.cluster.tb.Helper()
	c, err := Self(role, args...)
	if err != nil {
		n.cluster.tb.Fatalf("%v", err)
	}
	return c
}
