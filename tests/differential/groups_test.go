// SPDX-License-Identifier: Apache-2.0

package differential

import "strings"

// groups is the table: which command lines, over which files, and where we differ.
func groups() []group {
	return []group{
		{"options", two(), "", `
			o2cb_ctl -h
			o2cb_ctl -V
			o2cb_ctl --version
			o2cb_ctl -IV
			o2cb_ctl -Ih
			o2cb_ctl -hx
			o2cb_ctl -x
			o2cb_ctl -Ix
			o2cb_ctl -n
			o2cb_ctl -I -n ''
			o2cb_ctl -I -t ''
			o2cb_ctl -I -a ''
			o2cb_ctl -I -t bogus
			o2cb_ctl -I -t Node
			o2cb_ctl -I -a =x
			o2cb_ctl -C -D
			o2cb_ctl -I -I -t node
			o2cb_ctl -I -i -t node
			o2cb_ctl -C -u -n x -t cluster
			o2cb_ctl -H -o -t cluster
			o2cb_ctl -D -z -n web
			o2cb_ctl -I -z -o -t node
			o2cb_ctl -I extra
			o2cb_ctl -I -t node extra more
			o2cb_ctl -n web
			o2cb_ctl -o -t node
			o2cb_ctl -I
			o2cb_ctl -C
			o2cb_ctl -C -n x
			o2cb_ctl -C -t cluster
			o2cb_ctl -H
			o2cb_ctl -H -a online=yes
			o2cb_ctl -Iot node
			o2cb_ctl -Iotnode
			o2cb_ctl -t node -oI
			o2cb_ctl -I -t cluster -t node -o
			o2cb_ctl -I -n=web
			o2cb_ctl -I -t node -o --
		`, ""},
		{"info", two(), "", `
			o2cb_ctl -I -t cluster
			o2cb_ctl -I -t cluster -o
			o2cb_ctl -I -t cluster -z
			o2cb_ctl -I -t node
			o2cb_ctl -I -t node -o
			o2cb_ctl -I -n web
			o2cb_ctl -I -n web -o
			o2cb_ctl -I -n beta
			o2cb_ctl -I -n beta -n node0 -o
			o2cb_ctl -I -n nope
			o2cb_ctl -I -n nope -t node
			o2cb_ctl -I -n nope -t cluster -o
			o2cb_ctl -I -n beta -n nope -o
			o2cb_ctl -I -n beta -t cluster
			o2cb_ctl -I -n web -t node
			o2cb_ctl -I -n WEB
			o2cb_ctl -I -t cluster -a bogus
			o2cb_ctl -I -t node -a online
		`, ""},
		{"info of clusters", pairOfClusters(), "", `
			o2cb_ctl -I -t cluster -o
			o2cb_ctl -I -t cluster
			o2cb_ctl -I -n db -n web
			o2cb_ctl -I -n gamma
			o2cb list-clusters
			o2cb list-clusters ignored
			o2cb list-cluster db
			o2cb list-cluster --oneline web
			o2cb list-cluster web --oneline
			o2cb list-nodes db --oneline
			o2cb list-heartbeats db
		`, ""},
		{"info of an odd file", odd(), "", `
			o2cb_ctl -I -t node -o
			o2cb_ctl -I -t cluster
			o2cb_ctl -I -n 2nd_node
			o2cb_ctl -I -n lost
			o2cb list-cluster web
			o2cb list-nodes --oneline web
			o2cb list-clusters
		`, ""},
		{"info of a wild file", wild(), "", `
			o2cb_ctl -I -t node -o
			o2cb list-nodes --oneline web
			o2cb remove-node web node0   ## 11 0→1 file
		`, ""},
		{"info of nothing", noFile, "", `
			o2cb_ctl -I -t cluster
			o2cb_ctl -I -t cluster -o
			o2cb_ctl -I -t node -o
			o2cb_ctl -I -n web
			o2cb_ctl -H -t cluster -a online=no
			o2cb list-clusters
			o2cb remove-cluster web
			o2cb add-node --ip 10.9.0.1 web a
			o2cb_ctl -C -n web -t cluster
			o2cb add-cluster web
		`, ""},
		{"empty file", "", "", `
			o2cb_ctl -I -t cluster -o
			o2cb list-clusters
			o2cb_ctl -C -n web -t cluster
			o2cb_ctl -C -n a -n b -n c -t cluster
			o2cb_ctl -C -n web -n web -t cluster
			o2cb_ctl -C -n bad-name -t cluster
			o2cb_ctl -C -n web -t cluster -a name=other
			o2cb add-cluster web
			o2cb add-cluster ' web '
			o2cb add-cluster 1web
		`, ""},
		{"bad syntax", badSyntax, "", `
			o2cb_ctl -I -t node
			o2cb_ctl -I -n web -o
			o2cb_ctl -C -n x -t cluster
			o2cb_ctl -H -n web -a name=x -t cluster
			o2cb list-clusters
			o2cb add-cluster x
			o2cb remove-cluster web
			o2cb register-cluster web
		`, ""},
		{"bad head", badHead, "", `
			o2cb_ctl -I -t node
			o2cb list-clusters
		`, ""},
		{"bad address", badAddress, "", `
			o2cb_ctl -I -t node
			o2cb list-nodes web
			o2cb remove-node web a
		`, ""},
		{"bad number", badNumber, "", `
			o2cb_ctl -I -t cluster
			o2cb list-clusters
		`, ""},
		{"create", two(), "", `
			o2cb_ctl -C -n db -t cluster
			o2cb_ctl -C -n web -t cluster
			o2cb_ctl -C -n db -n web -t cluster
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777 -a number=2
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777 -a number=254
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777 -a number
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777 -a number=007
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=1 -a ip_port=2
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=65534
			o2cb_ctl -C -n c.example.com -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777
			o2cb_ctl -C -n c -t node -a name=x -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777
			o2cb_ctl -Cnc -tnode -acluster=web -aip_address=10.9.0.3 -aip_port=7777
			o2cb_ctl -C -n c -n d -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777
			o2cb_ctl -C -n c -t node
			o2cb_ctl -C -n c -t node -a ip_address=10.9.0.3 -a ip_port=7777
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_port=7777
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address -a ip_port=7777
			o2cb_ctl -C -n c -t node -a cluster=nope -a ip_address=10.9.0.3 -a ip_port=7777
			o2cb_ctl -C -n beta -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=bad -a ip_port=7777
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.03 -a ip_port=7777
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=::1 -a ip_port=7777
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=65536
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=-1
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=x
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777 -a number=-2
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777 -a number=x
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777 -a number=0
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777 -a number=   ## 12 239→222
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777 -a number=300   ## 11 0→222 file
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=0   ## 11 0→222 file
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.2 -a ip_port=7777   ## 11 0→239 file
			o2cb_ctl -C -n a/b -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777   ## 11 0→234 file
			o2cb_ctl -C -n c -t node -a colour=red
			o2cb_ctl -C -n x -t cluster -a colour=red
		`, ""},
		{"defects", two(), "", `
			o2cb_ctl   ## 17 234→0 stdout
			o2cb_ctl --help   ## 17 stdout
			o2cb_ctl -D -n beta   ## 1 161→0 file
			o2cb_ctl -D -n web   ## 1 161→0 file
			o2cb_ctl -D -n nope   ## 1 161→254
			o2cb_ctl -D   ## 1 161→234
			o2cb_ctl -D -n beta -t node   ## 1 161→0 file
			o2cb_ctl -D -n 1   ## 1 161→0 file
			o2cb_ctl -I -n 1   ## 6 254→0 stdout
			o2cb_ctl -I -n beta -a ip_address   ## 3 234→0 stdout
			o2cb_ctl -I -t node -a number=1 -o   ## 3 stdout
			o2cb_ctl -I -t node -a number==1 -o   ## 3 stdout
			o2cb_ctl -I -t node -a ip_port -o   ## 3 stdout
			o2cb_ctl -I -t heartbeat -o   ## 4 234→0 stdout
			o2cb_ctl -C -t heartbeat -n ` + regionA + ` -a cluster=web   ## 4 234→0 file
			o2cb_ctl -H -n beta -t node -a ip_address=10.9.0.7   ## 2 161→0 file
			o2cb_ctl -H -n beta -a ip_address=10.9.0.7   ## 2 234→0 file
			o2cb_ctl -H -n beta -a number=0   ## 2 234→239
			o2cb_ctl -H -t node -a ip_port=7778   ## 2 161→0 file
			o2cb_ctl -H -n web -t cluster -a online=maybe   ## 7 0→234 stdout tree
			o2cb_ctl -H -n web -t cluster -a online   ## 7 0→234
			o2cb_ctl -H -n web -t cluster -a online=   ## 7 0→234
			o2cb_ctl -H -n web -t cluster -a online=YES   ## 7 0→234 stdout tree
			o2cb_ctl -H -n web -t cluster -a name=new -a online=yes
		`, ""},
		{"change", pairOfClusters(), "", `
			o2cb_ctl -H -t cluster
			o2cb_ctl -H -n web -t cluster
			o2cb_ctl -H -n web
			o2cb_ctl -H -n nope -t cluster -a name=x
			o2cb_ctl -H -n nope
			o2cb_ctl -H -n web -t cluster -a name=
			o2cb_ctl -H -n web -t cluster -a name
			o2cb_ctl -H -n web -t cluster -a name=www
			o2cb_ctl -H -n web -t cluster -a name=web
			o2cb_ctl -H -n web -t cluster -a colour=red
			o2cb_ctl -H -n web -t cluster -a online=no
			o2cb_ctl -H -n web -t cluster -a name=db   ## 13 0→239 file
			o2cb_ctl -H -t cluster -a name=x   ## 13 0→239 file
			o2cb_ctl -D -n beta   ## 8 161→234
			o2cb_ctl -I -t node -o   ## 8 stdout
			o2cb_ctl -I -n beta   ## 8 stdout
		`, ""},
		{"a lie", lie(), "", `
			o2cb_ctl -I -t cluster -o   ## 9 stdout
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777   ## 10 file
			o2cb list-cluster --oneline web   ## 9 stdout
			o2cb remove-node web beta   ## 9 file
		`, ""},
		{"a gap", gap(), "", `
			o2cb_ctl -C -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777   ## 10 file
			o2cb add-node --ip 10.9.0.3 web c
		`, ""},
		{"o2cb options", two(), "", `
			o2cb
			o2cb bogus
			o2cb -x
			o2cb --bogus list-clusters
			o2cb -h   ## 17 1→0 stdout
			o2cb --help   ## 17 1→0 stdout
			o2cb -V   ## 17 1→0 stdout
			o2cb -v list-clusters
			o2cb -vvv list-clusters
			o2cb --config-file=/etc/ocfs2/cluster.conf list-clusters
			o2cb --config-file /etc/ocfs2/cluster.conf list-clusters
			o2cb --conf=/dev/null list-clusters   ## 20 0→1
			o2cb --config-file=/nonexistent/x list-clusters
			o2cb --config-file
			o2cb list-clusters -x
			o2cb list-nodes -x web
			o2cb list-nodes
			o2cb list-nodes web more
			o2cb list-cluster nope   ## 14 0→1
			o2cb list-nodes nope   ## 14 0→1
			o2cb list-heartbeats nope   ## 14 0→1
			o2cb add-cluster
			o2cb add-node
			o2cb add-node web
			o2cb remove-node web
			o2cb heartbeat-mode web
			o2cb add-heartbeat web
			o2cb remove-heartbeat
			o2cb register-cluster
			o2cb unregister-cluster
			o2cb start-heartbeat
			o2cb stop-heartbeat
			o2cb list-cluster --one web
		`, ""},
		{"o2cb edit", two(), "", `
			o2cb add-cluster db
			o2cb add-cluster db surplus
			o2cb add-cluster ''
			o2cb add-cluster abcdefghijklmnopq
			o2cb add-cluster abcdefghijklmnop
			o2cb add-cluster bad-name
			o2cb add-cluster web   ## 14 0→1
			o2cb remove-cluster web
			o2cb remove-cluster nope
			o2cb add-node --ip 10.9.0.3 web c
			o2cb add-node web c --ip 10.9.0.3
			o2cb add-node --ip=10.9.0.3 --port=7778 --number=9 web c
			o2cb add-node --ip 10.9.0.3 --num 9 web c
			o2cb add-node --ip 10.9.0.3 web ' c '
			o2cb add-node --ip 10.9.0.3 web c.example.com
			o2cb add-node --ip 10.9.0.3 web ''
			o2cb add-node --ip 300.1.1.1 web c
			o2cb add-node --ip 10.9.0.3 nope c
			o2cb add-node --ip 10.9.0.3 web beta
			o2cb add-node --ip 10.9.0.3 --number 1 web c
			o2cb add-node --ip 10.9.0.3 --number 254 web c
			o2cb add-node --ip 10.9.0.3 --number 255 web c
			o2cb add-node --ip 10.9.0.3 --number x web c
			o2cb add-node --ip 10.9.0.3 --port x web c
			o2cb add-node --ip 10.9.0.3 --bogus web c
			o2cb add-node web localhost
			o2cb add-node --ip 10.9.0.3 --number -1 web c   ## 12 0→1 file
			o2cb add-node --ip 10.9.0.3 --number 010 web c   ## 12 0→1 file
			o2cb add-node --ip 10.9.0.3 --number 0x10 web c   ## 12 0→1 file
			o2cb add-node --ip 10.9.0.3 --number 4294967299 web c   ## 12 0→1 file
			o2cb add-node --ip 10.9.0.3 --port 70000 web c   ## 11 0→1 file
			o2cb add-node --ip 10.9.0.3 --port 0 web c   ## 11 0→1 file
			o2cb add-node --ip 10.9.0.2 web c   ## 11 0→1 file
			o2cb add-node --ip 10.9.0.3 web a/b   ## 11 0→1 file
			o2cb remove-node web beta
			o2cb remove-node web zz
			o2cb remove-node nope beta
			o2cb heartbeat-mode web global
			o2cb heartbeat-mode web local
			o2cb heartbeat-mode web GLOBAL
			o2cb heartbeat-mode nope global
			o2cb add-heartbeat web ` + regionA + `
			o2cb add-heartbeat nope ` + regionA + `
			o2cb add-heartbeat web ''   ## 11 0→1 file
			o2cb add-heartbeat web /dev/nonexistent   ## 19 0→1 file
			o2cb remove-heartbeat web ` + regionA + `
		`, ""},
		{"regions", global(), "", `
			o2cb list-heartbeats web
			o2cb list-heartbeats --oneline web
			o2cb list-cluster web
			o2cb list-cluster --oneline web
			o2cb_ctl -I -t cluster -o
			o2cb add-heartbeat web ` + regionA + `
			o2cb remove-heartbeat web ` + regionA + `
			o2cb remove-heartbeat nope ` + regionA + `
			o2cb heartbeat-mode web local
			o2cb_ctl -H -n web -t cluster -a name=www
			o2cb_ctl -I -t heartbeat   ## 4 234→0 stdout
			o2cb_ctl -D -n ` + regionA + `   ## 4 161→0 file
		`, ""},
		{"kernel, offline", two(), "", `
			o2cb cluster-status
			o2cb cluster-status web
			o2cb register-cluster web
			o2cb register-cluster nope
			o2cb unregister-cluster web
			o2cb start-heartbeat web   ## 14 0→1
			o2cb start-heartbeat nope
			o2cb stop-heartbeat web   ## 15 139→1
			o2cb_ctl -H -n web -t cluster -a online=yes
			o2cb_ctl -H -n web -t cluster -a online=1
			o2cb_ctl -H -n web -a online=on -t cluster
			o2cb_ctl -H -n web -t cluster -a online=no
			o2cb_ctl -C -n db -t cluster -i
			o2cb_ctl -C -i -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777
			o2cb_ctl -D -n beta -u   ## 1 161→0 file
			o2cb_ctl -D -n web -u   ## 1 161→0 file
		`, ""},
		{"kernel, online", two(), "o2cb register-cluster web", `
			o2cb cluster-status
			o2cb cluster-status web
			o2cb cluster-status other
			o2cb register-cluster web
			o2cb unregister-cluster other
			o2cb unregister-cluster web
			o2cb start-heartbeat web
			o2cb stop-heartbeat web   ## 16 stdout
			o2cb stop-heartbeat other
			o2cb_ctl -H -n web -t cluster -a online=yes
			o2cb_ctl -H -n web -t cluster -a online=no
			o2cb_ctl -H -n web -t cluster -a online=off
			o2cb_ctl -C -i -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777
			o2cb_ctl -C -i -n c -t node -a cluster=web -a ip_address=10.9.0.3 -a ip_port=7777 -a number=9
			o2cb_ctl -C -i -n c -t node -a cluster=web -a ip_address=10.9.0.1 -a ip_port=7777   ## 11 251→239
			o2cb_ctl -C -n db -t cluster -i
			o2cb_ctl -I -t cluster -o   ## 5 stdout
			o2cb_ctl -I -t node -o   ## 5 stdout
			o2cb_ctl -D -n beta -u   ## 1 161→0 stdout file tree
			o2cb_ctl -D -n web -u   ## 1 161→0 stdout file tree
		`, ""},
		{"kernel, a second cluster", pairOfClusters(), "o2cb register-cluster web", `
			o2cb register-cluster db
			o2cb unregister-cluster db
			o2cb cluster-status db
			o2cb_ctl -H -n db -t cluster -a online=no
		`, ""},
		{"kernel, an empty cluster", empty(), "", `
			o2cb_ctl -C -i -n db -t cluster
			o2cb register-cluster web   ## 18 0→1 tree
			o2cb_ctl -H -n web -t cluster -a online=yes   ## 18 stdout tree
		`, ""},
		{"kernel, two local nodes", twin(), "", `
			o2cb register-cluster web   ## 18 tree
			o2cb_ctl -H -n web -t cluster -a online=yes   ## 18 stdout tree
		`, ""},
		{"kernel, no local node", stranger(), "", `
			o2cb register-cluster web   ## 18 0→1 tree
			o2cb_ctl -H -n web -t cluster -a online=yes   ## 18 stdout tree
		`, ""},
		{"kernel, wild numbers", wild(), "", `
			o2cb register-cluster web   ## 18 tree
			o2cb_ctl -H -n web -t cluster -a online=yes   ## 18 251→222 stdout tree
		`, ""},
		{"kernel, an odd file", odd(), "", `
			o2cb register-cluster web   ## 18 0→1 tree
			o2cb_ctl -H -n web -t cluster -a online=yes   ## 18 stdout tree
		`, ""},
		{"kernel, a dash in the name", strings.ReplaceAll(two(), "web", "web-1"), "", `
			o2cb register-cluster web-1   ## 25 1→0 tree
			o2cb_ctl -H -n web-1 -t cluster -a online=yes
		`, ""},
		{"kernel, several at once", two(), "", `
			o2cb_ctl -C -i -n db -n web2 -t cluster   ## 29 251→234 stdout tree
			o2cb_ctl -D -u -n beta -n node0   ## 22 161→234
		`, ""},
		{"the file broke", two(), "o2cb register-cluster web\nsh -c 'echo x >> " + configFile + "'", `
			o2cb unregister-cluster web   ## 23 1→0 tree
			o2cb cluster-status   ## 23 1→0 stdout
			o2cb stop-heartbeat web   ## 23 1→0
			o2cb register-cluster web
			o2cb_ctl -I -t node -o
			o2cb_ctl -H -n web -t cluster -a online=no
		`, ""},
		{"no configfs", two(), "umount " + configFS, `
			o2cb cluster-status
			o2cb unregister-cluster web
			o2cb stop-heartbeat web
			o2cb start-heartbeat web
			o2cb_ctl -I -t node -o   ## 5 234→0 stdout
			ocfs2_hb_ctl -I -u ` + regionA + `   ## 26 1→0 stdout
			ocfs2_hb_ctl -S -d ` + localDisk + ` test
			o2cb register-cluster web   ## 24 1→0 tree
			o2cb_ctl -H -n web -t cluster -a online=yes   ## 24 234→0 stdout tree
			o2cb_ctl -C -i -n db -t cluster   ## 24 234→0 stdout file tree
		`, ""},
		{"a cluster without a name", noName, "", `
			o2cb list-clusters   ## 28 139→1
			o2cb_ctl -I -t cluster   ## 28 139→251
		`, ""},
		{"a cluster with an empty name", emptyName, "", `
			o2cb list-clusters   ## 28 0→1 stdout
			o2cb_ctl -I -t cluster   ## 28 0→251 stdout
		`, ""},
		{"kernel, global", global(), "", `
			o2cb register-cluster web
		`, ""},
		{"kernel, global registered", global(), "o2cb register-cluster web", `
			o2cb cluster-status web
			o2cb stop-heartbeat web
			o2cb unregister-cluster web
		`, ""},
	}
}
