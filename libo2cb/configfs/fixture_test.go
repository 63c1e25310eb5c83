// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"os"
	"path/filepath"
	"testing"
)

// web is a cluster as a 6.1 kernel shows it: every value ends in a newline.
var web = map[string]string{
	"cluster/web/idle_timeout_ms":                                            "30000\n",
	"cluster/web/keepalive_delay_ms":                                         "2000\n",
	"cluster/web/reconnect_delay_ms":                                         "2000\n",
	"cluster/web/fence_method":                                               "reset\n",
	"cluster/web/node/b/num":                                                 "0\n",
	"cluster/web/node/b/ipv4_port":                                           "7777\n",
	"cluster/web/node/b/ipv4_address":                                        "10.0.0.2\n",
	"cluster/web/node/b/local":                                               "0\n",
	"cluster/web/node/a/num":                                                 "7\n",
	"cluster/web/node/a/ipv4_port":                                           "7778\n",
	"cluster/web/node/a/ipv4_address":                                        "10.0.0.1\n",
	"cluster/web/node/a/local":                                               "1\n",
	"cluster/web/heartbeat/mode":                                             "global\n",
	"cluster/web/heartbeat/dead_threshold":                                   "31\n",
	"cluster/web/heartbeat/1F548B5454764008ABB6D1F903252F86/dev":             "sda1\n",
	"cluster/web/heartbeat/1F548B5454764008ABB6D1F903252F86/pid":             "471\n",
	"cluster/web/heartbeat/1F548B5454764008ABB6D1F903252F86/blocks":          "255\n",
	"cluster/web/heartbeat/1F548B5454764008ABB6D1F903252F86/start_block":     "2048\n",
	"cluster/web/heartbeat/1F548B5454764008ABB6D1F903252F86/block_bytes":     "512\n",
	"cluster/web/heartbeat/52AA69F32F394C6EB28419F786C5BF0C/dev":             "",
	"cluster/web/heartbeat/52AA69F32F394C6EB28419F786C5BF0C/pid":             "",
	"cluster/web/an_attribute_of_a_later_kernel":                             "1\n",
	"cluster/web/node/a/an_attribute_of_a_later_kernel":                      "1\n",
	"cluster/web/heartbeat/another_attribute_of_a_later_kernel":              "1\n",
	"cluster/web/heartbeat/1F548B5454764008ABB6D1F903252F86/of_a_later_kern": "1\n",
}

// fixture lays files out below a new directory and returns an FS on it and the
// directory. Plain files: it serves reading and the confinement of paths only.
func fixture(t testing.TB, files map[string]string) (*FS, string) {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		put(t, filepath.Join(root, name), content)
	}
	return New(root), root
}

func put(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}
