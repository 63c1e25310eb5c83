// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

// roleVariable makes the test binary an editor: its value is the role, the
// arguments are the role's.
const roleVariable = "O2CB_TEST_CONF_ROLE"

// The roles.
const (
	roleEdit = "edit" // PATH FIRST COUNT: add the nodes FIRST to FIRST+COUNT-1, one edit each
	roleHold = "hold" // PATH: say "held" while holding the lock, until stdin ends
)

// init keeps an editor on the first thread, so that strace, which counts the
// calls of each thread, counts the same ones in every run.
func init() {
	if os.Getenv(roleVariable) != "" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	var err error
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	case roleEdit:
		err = edit(os.Args[1], os.Args[2], os.Args[3])
	case roleHold:
		err = hold(os.Args[1])
	default:
		err = fmt.Errorf("unknown role %q", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func edit(path, first, count string) error {
	from, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	for i := from; i < from+n; i++ {
		if err := conf.Edit(context.Background(), path, func(f *conf.File) error { return f.AddNode("web", node(i)) }); err != nil {
			return err
		}
	}
	return nil
}

func hold(path string) error {
	return conf.Edit(context.Background(), path, func(*conf.File) error {
		if _, err := fmt.Println("held"); err != nil {
			return err
		}
		_, err := io.ReadAll(os.Stdin)
		return err
	})
}

// node is a valid node.
func node(number int) cluster.Node {
	return cluster.Node{
		Name: fmt.Sprintf("n%d", number), Number: number,
		Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(number + 1)}), Port: 7777,
	}
}

// command makes the command that runs this binary in a role.
func command(t testing.TB, role string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	return cmd
}

// packagesVariable names a folder with unpacked Debian packages, for machines
// where nothing can be installed. tests/packages fills it.
const packagesVariable = "O2CB_LAB_PACKAGES"

// tool finds a program of a Debian package, unpacked or installed, and the
// environment that it runs in.
func tool(t testing.TB, paths ...string) (path string, env []string) {
	t.Helper()
	for _, dir := range []string{os.Getenv(packagesVariable), "../../.cache/packages"} {
		for _, p := range paths {
			unpacked, err := filepath.Abs(filepath.Join(dir, p))
			if _, missing := os.Stat(unpacked); dir == "" || err != nil || missing != nil {
				continue
			}
			return unpacked, append(os.Environ(), "LD_LIBRARY_PATH="+libraries(t, dir))
		}
	}
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil {
			return p, os.Environ()
		}
	}
	t.Fatalf("no %s: run tests/packages, which fetches the packages that the tests need", paths[0])
	return "", nil
}

// libraries returns the library folders of unpacked packages.
func libraries(t testing.TB, dir string) string {
	t.Helper()
	var all string
	for _, pattern := range []string{"lib/*-linux-gnu", "usr/lib/*-linux-gnu"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if f, err = filepath.Abs(f); err != nil {
				t.Fatal(err)
			}
			all += f + ":"
		}
	}
	return all
}
