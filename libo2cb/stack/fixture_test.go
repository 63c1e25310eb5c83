// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"os"
	"path/filepath"
	"testing"
)

// fixture lays files out below a new root and returns the stack of it. ROOT in a
// content stands for the root.
func fixture(t testing.TB, files map[string]string) (*Stack, string) {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		expanded := os.Expand(content, func(string) string { return root })
		if err := os.WriteFile(path, []byte(expanded), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return New(root, nil), root
}

// bare is a machine on which nothing of the stack is.
var bare = map[string]string{
	"proc/filesystems":               "nodev\tsysfs\nnodev\tproc\n\text4\n",
	"proc/modules":                   "overlay 108400 1 - Live 0x000000009b210000\n",
	"proc/self/mountinfo":            "25 1 0:20 / / rw,relatime - ext4 /dev/vda rw\n",
	"proc/sys/kernel/random/boot_id": "069aa8eb-7edc-45ec-965f-888fbfb06095\n",
	"sys/kernel/notes":               "",
}

// loaded is a 6.1 kernel with the stack, as a Load was seen to leave it.
var loaded = map[string]string{
	"proc/filesystems": "nodev\tsysfs\nnodev\tproc\n\text4\nnodev\tconfigfs\nnodev\tocfs2_dlmfs\n",
	"proc/modules": `ocfs2_dlmfs 14928 1 - Live 0x000000009b191000
ocfs2_stack_o2cb 4360 0 - Live 0x000000009b19c000
ocfs2_dlm 155439 1 ocfs2_stack_o2cb, Live 0x000000009b2c5000
ocfs2_nodemanager 166234 3 ocfs2_dlmfs,ocfs2_stack_o2cb,ocfs2_dlm, Live 0x000000009b1ca000
ocfs2_stackglue 8800 2 ocfs2_dlmfs,ocfs2_stack_o2cb, Live 0x000000009b1a0000
configfs 29424 2 ocfs2_nodemanager, Live 0x000000009b1c1000
overlay 108400 1 - Live 0x000000009b210000
`,
	"proc/self/mountinfo": `25 1 0:20 / / rw,relatime - ext4 /dev/vda rw
33 27 0:29 / ${ROOT}/sys/kernel/config rw,nosuid,nodev,noexec,relatime - configfs configfs rw
35 25 0:30 / ${ROOT}/dlm rw,nosuid,nodev,noexec,relatime - ocfs2_dlmfs ocfs2_dlmfs rw
40 25 98:0 / /mnt/my\040volume rw,relatime - ocfs2 /dev/ubda rw,heartbeat=local
`,
	"proc/sys/kernel/random/boot_id":                 "069aa8eb-7edc-45ec-965f-888fbfb06095\n",
	"proc/sys/fs/ocfs2/nm/hb_ctl_path":               "/sbin/ocfs2_hb_ctl\n",
	"sys/fs/ocfs2/cluster_stack":                     "o2cb\n",
	"sys/fs/ocfs2/active_cluster_plugin":             "",
	"sys/fs/ocfs2/loaded_cluster_plugins":            "o2cb\n",
	"sys/fs/ocfs2/max_locking_protocol":              "1.0\n",
	"sys/fs/ocfs2/dlm_recover_callback_support":      "1\n",
	"sys/fs/o2cb/interface_revision":                 "5\n",
	"sys/module/ocfs2_dlmfs/parameters/capabilities": "bast stackglue\n",
	"sys/kernel/config/cluster/web/idle_timeout_ms":  "30000\n",
	"dlm/dom/res": "",
}
