// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

func TestMain(m *testing.M) { lab.Main(m, nil) }

const folder = "../../docs/schema"

// load compiles a schema, which the library holds against that of schemas.
func load(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join(folder, name+".schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fits tells why a document does not fit a schema; nil when it does.
func fits(t testing.TB, name, document string) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, document)
	}
	return load(t, name).Validate(value)
}

func TestSchemasAreSchemas(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(folder, "*.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("only %d schemas in %s", len(files), folder)
	}
	for _, path := range files {
		s := load(t, strings.TrimSuffix(filepath.Base(path), ".schema.json"))
		if s.DraftVersion != 2020 {
			t.Errorf("%s is of draft %d", path, s.DraftVersion)
		}
	}
}

// output is a command line and what it must print.
type output struct {
	args   []string
	status int
	schema string
	code   string // of the error
}

// run runs the command lines on a node and holds each output against its schema,
// and without one of its fields against it too: then it must not fit.
func run(t *testing.T, n *lab.Node, outputs []output) {
	t.Helper()
	tool := rig.Tool(t, "o2cb_ctl")
	for _, o := range outputs {
		line := strings.Join(o.args, " ")
		r := n.Run(tool, o.args...)
		if r.Status != o.status {
			t.Fatalf("%s: exit status %d, want %d: %s%s", line, r.Status, o.status, r.Stdout, r.Stderr)
		}
		if o.schema == "" {
			continue
		}
		if err := fits(t, o.schema, r.Stdout); err != nil {
			t.Errorf("%s: %v\n%s", line, err, r.Stdout)
		}
		if !strings.Contains(r.Stdout, o.code) {
			t.Errorf("%s: no %s\n%s", line, o.code, r.Stdout)
		}
		checkMutilated(t, o.schema, line, r.Stdout)
	}
}

// checkMutilated takes the fields that a document must have out of it, or out of
// the first element of a list.
func checkMutilated(t *testing.T, schema, line, text string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	object, of := value, load(t, schema)
	if list, ok := value.([]any); ok && len(list) > 0 {
		object, of = list[0], of.Items2020
	}
	fields, ok := object.(map[string]any)
	if !ok {
		return
	}
	for _, name := range of.Ref.Required {
		delete(fields, name)
	}
	mutilated, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if fits(t, schema, string(mutilated)) == nil {
		t.Errorf("%s: %s fits as well", line, mutilated)
	}
}

// TestOutputs goes from an empty machine to a running heartbeat and back.
func TestOutputs(t *testing.T) {
	c := lab.Start(t, lab.Nodes(1), lab.Disk("data", "64M"))
	n := c.Node(0)
	run(t, n, []output{
		{[]string{"status", "--json"}, 3, "status", `"online": false`},
		{[]string{"check", "--json"}, 1, "error", `"E_NO_SUCH_FILE"`},
		{[]string{"online", "--json"}, 1, "error", `"E_UNKNOWN_CLUSTER"`},
		{[]string{"export", "--running", "--json"}, 1, "error", `"E_NOT_ONLINE"`},
		{[]string{"plan", "--json", "--no-such-flag"}, 1, "error", `"E_USAGE"`},
		{[]string{"offline", "a", "b", "--json"}, 1, "error", `"E_USAGE"`},
	})
	rig.Configure(c)
	n.WriteFile("/tmp/bad.conf", []byte("cluster:\n\tname = ../x\nnode:\n"), 0o644)
	n.WriteFile("/etc/default/o2cb", []byte("O2CB_HEARTBEAT_THRESHOLD=7\n"), 0o644)
	n.WriteFile("/tmp/other.toml", []byte("[[clusters]]\nname = 'other'\n"), 0o644)
	run(t, n, []output{
		{[]string{"check", "--json"}, 0, "check", `"web"`},
		{[]string{"check", "--json", "/tmp/bad.conf"}, 1, "check", `"name-unsafe"`},
		{[]string{"online", "--json", "--config", "/tmp/bad.conf"}, 1, "error", `"E_INVALID_CONFIG"`},
		{[]string{"export", "--json"}, 0, "export", `"dead_threshold": 7`},
		{[]string{"import", "--dry-run", "--json", "/tmp/other.toml"}, 0, "import", `"changed": true`},
		{[]string{"load", "--json"}, 0, "load", `"already": false`},
		{[]string{"plan", "--json"}, 2, "plan", `"in_sync": false`},
		{[]string{"online", "--json"}, 0, "online", `"online": true`},
		{[]string{"plan", "--json"}, 0, "plan", `"in_sync": true`},
		{[]string{"export", "--running", "--json"}, 0, "export", `"dead_threshold": 7`},
		{[]string{"status", "--json"}, 0, "status", `"online": true`},
	})
	rig.Format(c)
	run(t, n, []output{
		{[]string{"volume", "--json"}, 0, "volume", `"label": "data"`},
		{[]string{"heartbeat", "start", c.Disk(0)}, 0, "", ""},
		{[]string{"heartbeat", "status", "--json"}, 0, "heartbeat", `"references": 1`},
		{[]string{"status", "--json"}, 0, "status", `"beating": [`},
		{[]string{"lock", "schema", "res", "--", "true"}, 0, "", ""},
		{[]string{"locks", "--json"}, 0, "locks", `"name": "res"`},
		{[]string{"locks", "--json", "nowhere"}, 1, "error", `"E_UNKNOWN_DOMAIN"`},
		{[]string{"lock-bench", "--time", "10ms", "--json", "schema"}, 0, "lock-bench", `"hand-over"`},
		{[]string{"offline", "--json"}, 1, "error", `"E_IN_USE"`},
		{[]string{"heartbeat", "stop", c.Disk(0)}, 0, "", ""},
		{[]string{"offline", "--json"}, 0, "offline", `"cluster": "web"`},
		{[]string{"unload", "--json"}, 0, "unload", ""},
	})
	// What configure writes it starts, and it takes nothing down.
	run(t, n, []output{
		{[]string{"configure", "--cluster", "a/b", "--json"}, 1, "error", `"E_SETTING"`},
		{[]string{"configure", "--enabled", "--cluster", "web", "--no-start", "--json"}, 0, "configure", `"started": false`},
		{[]string{"status", "--json"}, 3, "status", `"online": false`},
		{[]string{"configure", "--enabled", "--json"}, 0, "configure", `"started": true`},
		{[]string{"status", "--json"}, 0, "status", `"online": true`},
		{[]string{"configure", "--idle-timeout-ms", "20000", "--json"}, 0, "configure", `"started": true`},
		{[]string{"plan", "--json"}, 2, "plan", `"in_sync": false`},
		{[]string{"configure", "--enabled=false", "--cluster", "none", "--json"}, 0, "configure", `"was": "web"`},
		{[]string{"status", "--json"}, 0, "status", `"online": true`},
		{[]string{"offline", "--json"}, 0, "offline", `"cluster": "web"`},
		{[]string{"unload", "--json"}, 0, "unload", ""},
		{[]string{"configure", "--enabled", "--json"}, 0, "configure", `"started": true`}, // the driver alone
		{[]string{"status", "--json"}, 3, "status", `"has_o2cb": true`},
		{[]string{"unload", "--json"}, 0, "unload", ""},
	})
}

// TestExportIsImportedElsewhere carries the running cluster of a node to one that
// has nothing, where the same cluster comes online.
func TestExportIsImportedElsewhere(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2))
	tool := rig.Tool(t, "o2cb_ctl")
	alpha, beta := c.Node(0), c.Node(1)
	rig.Configure(c)
	if err := beta.Run("rm", rig.ConfigPath); err.Status != 0 {
		t.Fatal(err.Stderr)
	}
	alpha.WriteFile("/etc/default/o2cb", []byte("O2CB_IDLE_TIMEOUT_MS=20000\n"), 0o644)
	alpha.MustRun(tool, "online")
	definition := alpha.MustRun(tool, "export", "--running").Stdout
	beta.WriteFile("/tmp/web.toml", []byte(definition), 0o644)

	refused := beta.Run(tool, "import", "/tmp/web.toml")
	if refused.Status != 1 || !strings.Contains(refused.Stderr, "O2CB_IDLE_TIMEOUT_MS=20000") {
		t.Fatalf("a timing that would be lost: status %d: %s", refused.Status, refused.Stderr)
	}
	if r := beta.Run("test", "-e", rig.ConfigPath); r.Status == 0 {
		t.Error("a refused import left a file")
	}
	beta.WriteFile("/etc/default/o2cb", []byte("O2CB_IDLE_TIMEOUT_MS=20000\n"), 0o644)
	beta.MustRun(tool, "import", "/tmp/web.toml")
	beta.MustRun(tool, "online")
	if got := beta.MustRun(tool, "export", "--running").Stdout; got != definition {
		t.Errorf("the cluster that was imported:\n%s\nand that was exported:\n%s", got, definition)
	}
}
