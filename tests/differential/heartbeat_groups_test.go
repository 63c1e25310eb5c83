// SPDX-License-Identifier: Apache-2.0

package differential

// heartbeatGroups is the part of the table that is about ocfs2_hb_ctl where no
// heartbeat runs.
func heartbeatGroups() []group {
	const anywhere = `
			ocfs2_hb_ctl -I -u ` + regionA + `   ## 26 tree
			ocfs2_hb_ctl -I -d ` + localDisk + `   ## 26 tree
			ocfs2_hb_ctl -I -d ` + noDisk + `
			ocfs2_hb_ctl -I -d /nonexistent
			ocfs2_hb_ctl -I -u nothing   ## 26 tree
			ocfs2_hb_ctl -S -u nothing test
			ocfs2_hb_ctl -S -d ` + noDisk + ` test
			ocfs2_hb_ctl -S -d /nonexistent test
			ocfs2_hb_ctl -K -u nothing
			ocfs2_hb_ctl -P -u ` + regionA + `
			ocfs2_hb_ctl -P -d ` + localDisk + ` -n 3
			ocfs2_hb_ctl -P -d ` + noDisk + `
		`
	return []group{
		{"heartbeat options", two(), "", `
			ocfs2_hb_ctl
			ocfs2_hb_ctl -h
			ocfs2_hb_ctl -Sh
			ocfs2_hb_ctl -hS
			ocfs2_hb_ctl -h -d
			ocfs2_hb_ctl -x
			ocfs2_hb_ctl --help
			ocfs2_hb_ctl --device=` + localDisk + ` -I
			ocfs2_hb_ctl -S
			ocfs2_hb_ctl -S -d ` + localDisk + `
			ocfs2_hb_ctl -S -u ` + regionA + `
			ocfs2_hb_ctl -S -d ` + localDisk + ` -u ` + regionA + ` test
			ocfs2_hb_ctl -K
			ocfs2_hb_ctl -K -d ` + localDisk + `
			ocfs2_hb_ctl -K test
			ocfs2_hb_ctl -I
			ocfs2_hb_ctl -I -d ` + localDisk + ` -u ` + regionA + `
			ocfs2_hb_ctl -I -d
			ocfs2_hb_ctl -P
			ocfs2_hb_ctl -P -d ` + localDisk + ` -n 8
			ocfs2_hb_ctl -P -d ` + localDisk + ` -n -1
			ocfs2_hb_ctl -P -d ` + localDisk + ` -n x
			ocfs2_hb_ctl -P -d ` + localDisk + ` -n
			ocfs2_hb_ctl -d ` + localDisk + `
			ocfs2_hb_ctl -n 3
			ocfs2_hb_ctl test
		`, ""},
		{"heartbeat, no cluster", two(), "", anywhere + `
			ocfs2_hb_ctl -S -u ` + regionA + ` test
			ocfs2_hb_ctl -S -d ` + localDisk + ` test
			ocfs2_hb_ctl -K -u ` + regionA + `
			ocfs2_hb_ctl -K -d ` + localDisk + ` test
		`, ""},
		{"heartbeat, registered", two(), "o2cb register-cluster web", anywhere + `
			ocfs2_hb_ctl -S -d ` + globalDisk + ` test
			ocfs2_hb_ctl -S -d ` + otherDisk + ` test
			ocfs2_hb_ctl -KI -u ` + regionA + `   ## 26 tree
			ocfs2_hb_ctl -K -u ` + regionA + `   ## 26 tree
			ocfs2_hb_ctl -K -d ` + localDisk + ` test   ## 26 tree
			ocfs2_hb_ctl -S -d ` + localDisk + ` test
			ocfs2_hb_ctl -S -u ` + regionA + ` test
		`, ""},
		{"heartbeat, global registered", global(), "o2cb register-cluster web", `
			ocfs2_hb_ctl -S -d ` + globalDisk + ` test
			ocfs2_hb_ctl -S -d ` + localDisk + ` test
			ocfs2_hb_ctl -K -d ` + globalDisk + ` test
			ocfs2_hb_ctl -K -u ` + regionB + `
			ocfs2_hb_ctl -I -u ` + regionB + `   ## 26 tree
			o2cb start-heartbeat web
		`, ""},
	}
}
