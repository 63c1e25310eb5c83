# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# States of a node for the tests of the init script, and what of it is looked at.

config=/sys/kernel/config/cluster

# clear takes everything down, whoever put it up.
clear() {
	for process in $(pidof holder) $(pidof o2hbmonitor); do
		kill -9 "$process" && while [ -d "/proc/$process" ]; do sleep 0.05; done
	done
	umount -a -t ocfs2
	rm -rf /dlm/test
	for region in "$config"/web/heartbeat/*/; do
		[ -d "$region" ] && ocfs2_hb_ctl -K -u "$(basename "$region")" test
	done
	rmdir "$config"/*/node/* "$config"/* 2>/dev/null
	umount /dlm 2>/dev/null
	rmdir /dlm 2>/dev/null
	for module in ocfs2_dlmfs ocfs2 ocfs2_stack_o2cb ocfs2_dlm ocfs2_nodemanager ocfs2_stackglue; do
		[ ! -d "/sys/module/$module" ] || rmmod "$module"
	done
	umount /sys/kernel/config 2>/dev/null
	rm -rf /run/o2cb /etc/sysconfig
	! [ -d /sys/module/configfs ] || rmmod configfs
}

# enter STATE brings the node into a state: with the C tools, so that neither side is
# at home.
enter() {
	clear
	mkdir -p /etc/ocfs2 /etc/default
	cp /run/cluster.conf /etc/ocfs2/cluster.conf
	printf '# kept\nO2CB_ENABLED=true\nO2CB_STACK=o2cb\nO2CB_BOOTCLUSTER=web\nO2CB_HEARTBEAT_THRESHOLD=7\n' >/etc/default/o2cb
	case $1 in
	nothing) return ;;
	unsettled)
		rm /etc/default/o2cb
		return
		;;
	esac
	# As "load" and "online" of Debian's script leave it.
	modprobe -a configfs ocfs2_stack_o2cb ocfs2_dlmfs && mkdir -p /dlm || return
	mount -t configfs configfs /sys/kernel/config && mount -t ocfs2_dlmfs ocfs2_dlmfs /dlm || return
	case $1 in
	unconfigured) rm /etc/ocfs2/cluster.conf ;;
	asked) rm /etc/default/o2cb && mkdir -p /etc/sysconfig && printf '# kept\nO2CB_ENABLED=false\n' >/etc/sysconfig/o2cb ;;
	esac
	case $1 in
	online | disabled | mounted | locked) o2cb register-cluster web && echo 7 >"$config/web/heartbeat/dead_threshold" && o2hbmonitor || return ;;
	esac
	case $1 in
	disabled) sed -i s/true/false/ /etc/default/o2cb ;;
	mounted) mount -t ocfs2 "$disk" /mnt ;;
	locked)
		ocfs2_hb_ctl -S -d "$disk" test
		hold
		;;
	esac
}

# hold has a process hold a lock.
hold() {
	mkdir -p /dlm/test
	setsid /run/holder 100000 3<>/dlm/test/lock >/dev/null 2>&1 </dev/null &
}

# look prints what the kernel and the settings have.
look() {
	for node in "$config"/*/node/*; do [ ! -d "$node" ] || echo "node ${node##*/}"; done
	for region in "$config"/*/heartbeat/*/; do [ ! -d "$region" ] || echo region; done
	awk '$1 ~ /^(ocfs2|configfs)/ { print "module", $1 }' /proc/modules | sort
	awk '$3 ~ /^(configfs|ocfs2_dlmfs|ocfs2)$/ { print "mounted", $2 }' /proc/mounts | sort
	[ ! -d /dlm ] || echo "directory /dlm"
	[ -z "$(pidof holder)" ] || echo "holder"
	[ -z "$(pidof o2hbmonitor)" ] || echo "monitor"
	[ ! -f /etc/default/o2cb ] || sed -n 's/^\(# kept\|O2CB_.*=..*\)$/settings: \1/p' /etc/default/o2cb | sort
	[ ! -f /etc/sysconfig/o2cb ] || sed -n 's/^\(# kept\|O2CB_.*=..*\)$/settings: \1/p' /etc/sysconfig/o2cb | sort
}
