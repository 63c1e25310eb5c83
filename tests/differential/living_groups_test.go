// SPDX-License-Identifier: Apache-2.0

package differential

import "strings"

// beating is the file of a cluster in global mode with the one region that there is.
func beating() string {
	return strings.Replace(global(), regionStanza("web", regionA), "", 1)
}

// livingGroups is the part of the table that starts from a cluster at work. What
// changes the kernel stands behind what does not: after it a region has to be
// started anew.
func livingGroups() []group {
	const look = `
			o2cb cluster-status
			o2cb cluster-status web
			o2cb cluster-status other
			o2cb register-cluster web
			o2cb register-cluster nope
			o2cb unregister-cluster other
			o2cb list-cluster --oneline web
			o2cb_ctl -C -n db -t cluster -i
			o2cb_ctl -C -i -n beta -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777
			o2cb_ctl -C -i -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777
			o2cb_ctl -C -i -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777 -a number=9
			o2cb add-node --ip 10.9.0.3 web c
			o2cb remove-node web beta
			o2cb_ctl -H -n web -t cluster -a online=yes
			o2cb unregister-cluster web
		`
	return []group{
		{"a region runs", two(), "", look + `
			o2cb start-heartbeat web
			o2cb stop-heartbeat web   ## 16 stdout
			ocfs2_hb_ctl -I -u ` + regionA + `
			ocfs2_hb_ctl -I -d ` + localDisk + `
			ocfs2_hb_ctl -K -u nothing
			ocfs2_hb_ctl -K -d ` + otherDisk + ` test
			o2cb_ctl -H -n web -t cluster -a online=no   ## 27 251→240
			o2cb_ctl -D -u -n beta   ## 1 161→0 stdout file tree
			o2cb_ctl -D -u -n web   ## 1 161→240
			ocfs2_hb_ctl -P -d ` + localDisk + ` -n 7
			ocfs2_hb_ctl -S -d ` + localDisk + ` test
			ocfs2_hb_ctl -S -u ` + regionA + ` test
			ocfs2_hb_ctl -K -d ` + localDisk + ` test
		`, "region"},
		{"a lock is held", two(), "", `
			o2cb unregister-cluster web
			ocfs2_hb_ctl -I -u ` + regionA + `
			o2cb_ctl -H -n web -t cluster -a online=no   ## 27 251→240
			ocfs2_hb_ctl -K -u ` + regionA + `   ## 31 0→1 tree
		`, "lock"},
		{"a volume is mounted", two(), "", look + `
			ocfs2_hb_ctl -I -u ` + regionA + `
			ocfs2_hb_ctl -I -d ` + localDisk + `
			ocfs2_hb_ctl -P -u ` + regionA + `
			o2cb_ctl -H -n web -t cluster -a online=no   ## 27 251→240
			ocfs2_hb_ctl -K -u ` + regionA + `   ## 30 tree
		`, "mounted"},
		{"the global heartbeat runs", beating(), "", look + `
			ocfs2_hb_ctl -I -u ` + regionB + `
			ocfs2_hb_ctl -S -d ` + globalDisk + ` test
			ocfs2_hb_ctl -K -u ` + regionB + `
			o2cb start-heartbeat web
			o2cb_ctl -H -n web -t cluster -a online=no   ## 27 251→240
			o2cb stop-heartbeat web
		`, "global"},
		{"a volume is mounted in global mode", beating(), "", `
			o2cb cluster-status web
			o2cb unregister-cluster web
			o2cb_ctl -H -n web -t cluster -a online=no   ## 27 251→240
			ocfs2_hb_ctl -K -u ` + regionB + `
			o2cb stop-heartbeat web   ## 30 tree
		`, "global mounted"},
	}
}
