// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/tests/lab"
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

// tool finds a program of a Debian package and the environment that it runs in.
func tool(t testing.TB, name string) (path string, env []string) {
	t.Helper()
	cmd := lab.Host(t.Context(), t, name)
	return cmd.Path, cmd.Env
}
