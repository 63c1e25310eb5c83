// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func([]string) int{
		"load":      manage((*libo2cb.Manager).Load),
		"unload":    manage((*libo2cb.Manager).Unload),
		"online":    manage(online),
		"offline":   manage(offline),
		"status":    manage((*libo2cb.Manager).Status),
		"twice":     manage(twice),
		"refusal":   refusal,
		"listen":    listen,
		"addlocal":  addLocal,
		"crash":     crash,
		"cancel":    cancel,
		"hold":      hold,
		"interrupt": interrupt,
	})
}

// manage makes a role of a method of the manager. The role's argument "nobody"
// drops all privilege, another one names the local node.
func manage[T any](do func(*libo2cb.Manager, context.Context) (T, error)) func([]string) int {
	return func(args []string) int {
		var o libo2cb.Options
		switch {
		case len(args) == 0:
		case args[0] == "nobody":
			if err := dropPrivilege(); err != nil {
				return answer("", err)
			}
		default:
			o.LocalNode = args[0]
		}
		return answer(do(libo2cb.New(o), context.Background()))
	}
}

func online(m *libo2cb.Manager, ctx context.Context) (libo2cb.Report, error) {
	return m.Online(ctx, "")
}

func offline(m *libo2cb.Manager, ctx context.Context) (libo2cb.Report, error) {
	return m.Offline(ctx, "")
}

// answer is how a role ends: the value as JSON for the test, the error for people.
func answer[T any](value T, err error) int {
	if encodeErr := json.NewEncoder(os.Stdout).Encode(value); encodeErr != nil {
		fmt.Fprintln(os.Stderr, encodeErr)
		return 1
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// ask runs a role that must succeed and returns its answer.
func ask[T any](t testing.TB, n *lab.Node, role string, args ...string) T {
	t.Helper()
	r := n.RunSelf(role, args...)
	if r.Status != 0 {
		t.Fatalf("%s on %s: status %d: %s", role, n.Name(), r.Status, r.Stderr)
	}
	var value T
	if err := json.Unmarshal([]byte(r.Stdout), &value); err != nil {
		t.Fatalf("%s on %s: %v in %q", role, n.Name(), err, r.Stdout)
	}
	return value
}

// refuse runs a role that must fail and returns what it told people.
func refuse(t testing.TB, n *lab.Node, role string, args ...string) string {
	t.Helper()
	r := n.RunSelf(role, args...)
	if r.Status == 0 {
		t.Fatalf("%s on %s succeeded: %s", role, n.Name(), r.Stdout)
	}
	return r.Stderr
}
