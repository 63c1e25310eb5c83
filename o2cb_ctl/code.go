// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/definition"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
	"github.com/o2cb-go/o2cb/libo2cb/peers"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	file "github.com/o2cb-go/o2cb/libo2cb/settings"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
	"github.com/o2cb-go/o2cb/libo2cb/textfile"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
	"github.com/o2cb-go/o2cb/libo2dlm"
)

// codeRule gives failures of one kind their machine code.
type codeRule struct {
	code    string
	of      string // the error of a library: package.Name; empty for a kind that is no library's
	matches func(error) bool
	meaning string // for people who handle the code
}

// is is the rule for an error variable.
func is(code, of string, target error, meaning string) codeRule {
	return codeRule{code, of, func(err error) bool { return errors.Is(err, target) }, meaning}
}

// as is the rule for an error type.
func as[T error](code, meaning string) codeRule {
	name := strings.TrimPrefix(reflect.TypeFor[T]().String(), "*")
	if strings.HasPrefix(name, "main.") {
		name = ""
	}
	return codeRule{code, name, func(err error) bool { _, found := errors.AsType[T](err); return found }, meaning}
}

// codeFailed is the code of a failure that no rule knows.
const codeFailed = "E_FAILED"

// codes returns the rules. The first that matches counts: causes stand before
// what wraps them, so that a code names the cause as closely as it is known. Codes
// do not change from release to release.
func codes() []codeRule {
	all := [][]codeRule{commandCodes(), clusterCodes(), configurationCodes(), heartbeatCodes(), lockCodes(), wrapperCodes(), systemCodes()}
	var rules []codeRule
	for _, group := range all {
		rules = append(rules, group...)
	}
	return rules
}

func commandCodes() []codeRule {
	return []codeRule{
		as[usageError]("E_USAGE", "the command line is wrong"),
		as[invalidAnswers]("E_INVALID_ANSWERS", "the answer file breaks rules; they are in findings"),
		as[invalidDefinition]("E_INVALID_DEFINITION", "the definition to import breaks rules; they are in findings"),
		as[*libo2cb.ClusterDiffersError]("E_CLUSTER_DIFFERS", "the configuration has another cluster of the name"),
		as[*libo2cb.TimingElsewhereError]("E_TIMING_ELSEWHERE", "the timing of the definition has to stand in the settings file first"),
		is("E_UNKNOWN_FORMAT", "definition.ErrUnknownFormat", definition.ErrUnknownFormat, "a definition can be written as toml or json"),
		is("E_NOT_TEXT", "definition.ErrNotText", definition.ErrNotText, "a name is not UTF-8, so that it cannot be exported"),
	}
}

func clusterCodes() []codeRule {
	return []codeRule{
		as[*libo2cb.ObstacleError]("E_OBSTACLE", "something is in use that force does not take down"),
		as[*libo2cb.StuckError]("E_STUCK", "a process waits in the kernel where no signal reaches it"),
		as[*libo2cb.EvictError]("E_EVICT", "force did not end all users"),
		as[*libo2cb.InUseError]("E_IN_USE", "the cluster has users: mounts, lock holders, regions"),
		as[*stack.InUseError]("E_STACK_IN_USE", "the cluster stack has users"),
		as[*stack.ActiveStackError]("E_OTHER_STACK", "another cluster stack is active"),
		is("E_STACK_NOT_LOADED", "stack.ErrNotMounted", stack.ErrNotMounted, "configfs is not mounted: load the stack"),
		as[*libo2cb.NeedsOfflineError]("E_NEEDS_OFFLINE", "the change needs the cluster offline"),
		is("E_NEEDS_OFFLINE", "plan.ErrNeedsOffline", plan.ErrNeedsOffline, "the change needs the cluster offline"),
		as[*plan.OtherClusterError]("E_OTHER_CLUSTER", "another cluster is online"),
		as[*plan.RegionsError]("E_REGIONS_RUN", "heartbeat regions run that have to be stopped first"),
		is("E_STALE", "plan.ErrStale", plan.ErrStale, "the kernel's cluster changed since the plan was made"),
		is("E_NOT_REACHED", "plan.ErrNotReached", plan.ErrNotReached, "the kernel's cluster is not what the steps lead to"),
		is("E_LOCKED", "libo2cb.ErrLocked", libo2cb.ErrLocked, "another process is changing the cluster"),
		is("E_NOTHING_TO_UNDO", "libo2cb.ErrNothingToUndo", libo2cb.ErrNothingToUndo, "there is no operation that could be undone"),
		is("E_DOMAINS_CHANGE", "libo2cb.ErrDomainsChange", libo2cb.ErrDomainsChange, "a lock domain is being joined or left: try again"),
		as[*libo2cb.UnknownDomainError]("E_UNKNOWN_DOMAIN", "this node has not joined the lock domain"),
		as[*libo2cb.NotOnlineError]("E_NOT_ONLINE", "the cluster is not online"),
		is("E_NOT_ONLINE", "libo2cb.ErrNoCluster", libo2cb.ErrNoCluster, "no cluster is online"),
		as[*libo2cb.LocalAddressError]("E_LOCAL_ADDRESS", "the local node's address is not one of this host"),
		is("E_NO_LOCAL_NODE", "cluster.ErrNoLocalNode", cluster.ErrNoLocalNode, "no node matches the host name"),
		is("E_TWO_LOCAL_NODES", "cluster.ErrTwoLocalNodes", cluster.ErrTwoLocalNodes, "several nodes match the host name"),
		as[*cluster.LocalNodeError]("E_NO_LOCAL_NODE", "the local node is not known"),
		is("E_HALF_STARTED", "configfs.ErrHalfStarted", configfs.ErrHalfStarted, "the start of a heartbeat region was interrupted"),
		is("E_IGNORED", "configfs.ErrIgnored", configfs.ErrIgnored, "the kernel took a value and did not keep it"),
		is("E_PEERS_HANGING", "peers.ErrHanging", peers.ErrHanging, "an earlier question to the other nodes still hangs in the kernel"),
		is("E_PEERS_NO_ANSWER", "peers.ErrNoAnswer", peers.ErrNoAnswer, "the lock manager does not answer in time"),
		is("E_PEER_EMPTY", "peers.ErrEmpty", peers.ErrEmpty, "a node publishes nothing"),
		is("E_PEER_FOREIGN", "peers.ErrForeign", peers.ErrForeign, "what a node publishes is not ours"),
		is("E_PEER_VERSION", "peers.ErrVersion", peers.ErrVersion, "a node publishes in another version"),
		is("E_PEER_DAMAGED", "peers.ErrDamaged", peers.ErrDamaged, "what a node publishes is damaged"),
	}
}

func configurationCodes() []codeRule {
	return []codeRule{
		as[*conf.InvalidError]("E_INVALID_CONFIG", "the cluster configuration breaks rules; they are in findings"),
		as[*cluster.InvalidError]("E_INVALID_SETTINGS", "the settings file breaks rules; they are in findings"),
		as[*file.ChangeError]("E_SETTING", "a value that the settings file may not hold"),
		as[*libo2cb.UnknownClusterError]("E_UNKNOWN_CLUSTER", "the configuration has no such cluster, or several and none was named"),
		as[*libo2cb.UnknownNodeError]("E_UNKNOWN_NODE", "the configuration has no such node"),
		is("E_CLUSTER_EXISTS", "conf.ErrClusterExists", conf.ErrClusterExists, "the configuration has the cluster already"),
		is("E_NODE_EXISTS", "conf.ErrNodeExists", conf.ErrNodeExists, "the configuration has the node already"),
		is("E_REGION_EXISTS", "conf.ErrRegionExists", conf.ErrRegionExists, "the configuration has the region already"),
		is("E_UNKNOWN_CLUSTER", "conf.ErrUnknownCluster", conf.ErrUnknownCluster, "the configuration has no such cluster"),
		is("E_UNKNOWN_NODE", "conf.ErrUnknownNode", conf.ErrUnknownNode, "the configuration has no such node"),
		is("E_UNKNOWN_REGION", "conf.ErrUnknownRegion", conf.ErrUnknownRegion, "the configuration has no such region"),
		is("E_FILE_CHANGED", "conf.ErrChanged", conf.ErrChanged, "somebody else changed the file meanwhile"),
		is("E_FILE_CHANGED", "textfile.ErrChanged", textfile.ErrChanged, "somebody else changed the file meanwhile"),
		is("E_FILE_LOCKED", "conf.ErrLocked", conf.ErrLocked, "another program is editing the file"),
		is("E_FILE_LOCKED", "textfile.ErrLocked", textfile.ErrLocked, "another program is editing the file"),
		is("E_FILE_TOO_LARGE", "conf.ErrTooLarge", conf.ErrTooLarge, "the file would be larger than may be"),
		is("E_NOT_LOADED", "conf.ErrNotLoaded", conf.ErrNotLoaded, "the text has no file to be written to"),
		is("E_MEANING", "conf.ErrMeaning", conf.ErrMeaning, "the canonical form would mean something else"),
		is("E_NOT_REGULAR", "conf.ErrNotRegular", conf.ErrNotRegular, "the file is a directory, a device, a FIFO or a socket"),
		is("E_NOT_REGULAR", "textfile.ErrNotRegular", textfile.ErrNotRegular, "the file is a directory, a device, a FIFO or a socket"),
		is("E_NO_PATH", "textfile.ErrNoPath", textfile.ErrNoPath, "the file has no path of its own, so that it cannot be replaced"),
		is("E_NOT_REGULAR", "settings.ErrNotRegular", file.ErrNotRegular, "the file is a directory, a device, a FIFO or a socket"),
	}
}

func heartbeatCodes() []codeRule {
	return []codeRule{
		is("E_NO_REGIONS", "libo2cb.ErrNoRegions", libo2cb.ErrNoRegions, "the configuration has no region for the cluster"),
		is("E_REGION_SHARED", "libo2cb.ErrRegionShared", libo2cb.ErrRegionShared, "the region has other users"),
		is("E_VOLUME_STACK", "heartbeat.ErrStack", heartbeat.ErrStack, "the volume is for another cluster stack"),
		is("E_VOLUME_NO_CLUSTER", "heartbeat.ErrNoCluster", heartbeat.ErrNoCluster, "the volume belongs to no cluster"),
		is("E_VOLUME_OTHER_CLUSTER", "heartbeat.ErrOtherCluster", heartbeat.ErrOtherCluster, "the volume belongs to another cluster"),
		is("E_VOLUME_OTHER", "heartbeat.ErrOtherVolume", heartbeat.ErrOtherVolume, "the device carries another volume"),
		is("E_VOLUME_MODE", "heartbeat.ErrMode", heartbeat.ErrMode, "the volume is for another heartbeat mode"),
		is("E_HEARTBEAT_GLOBAL", "heartbeat.ErrGlobal", heartbeat.ErrGlobal, "the cluster's heartbeat is global"),
		is("E_HEARTBEAT_LOCAL", "heartbeat.ErrLocal", heartbeat.ErrLocal, "the cluster's heartbeat is local"),
		is("E_TOO_MANY_REGIONS", "heartbeat.ErrTooManyRegions", heartbeat.ErrTooManyRegions, "the kernel keeps no more regions"),
		is("E_NO_LOCAL_NODE", "heartbeat.ErrNoLocalNode", heartbeat.ErrNoLocalNode, "the kernel's cluster has no local node"),
		is("E_HALF_STARTED", "heartbeat.ErrHalfStarted", heartbeat.ErrHalfStarted, "the region was started by halves"),
		is("E_REGION_NOT_RUNNING", "heartbeat.ErrNotRunning", heartbeat.ErrNotRunning, "the region does not run"),
		is("E_READER_ENDED", "heartbeat.ErrReaderEnded", heartbeat.ErrReaderEnded, "the process that reads the heartbeat blocks has ended"),
		is("E_MONITOR_RUNS", "heartbeat.ErrMonitorRuns", heartbeat.ErrMonitorRuns, "another monitor runs already"),
		is("E_VOLUME_CORRUPT", "volume.ErrCorrupt", volume.ErrCorrupt, "the volume is damaged"),
		is("E_VOLUME_NONE", "volume.ErrNotOCFS2", volume.ErrNotOCFS2, "the device carries no OCFS2 volume"),
		is("E_VOLUME_OLD", "volume.ErrOCFS1", volume.ErrOCFS1, "the device carries a volume of OCFS version 1"),
		is("E_VOLUME_UNSUPPORTED", "volume.ErrUnsupported", volume.ErrUnsupported, "the format of the volume is not supported"),
		is("E_VOLUME_SECTOR_SIZE", "volume.ErrSectorSize", volume.ErrSectorSize, "the device's sectors do not fit the volume"),
		is("E_VOLUME_AMBIGUOUS", "volume.ErrAmbiguous", volume.ErrAmbiguous, "several devices carry the volume"),
		is("E_VOLUME_NOT_FOUND", "volume.ErrNotFound", volume.ErrNotFound, "no device carries the volume"),
	}
}

func lockCodes() []codeRule {
	return []codeRule{
		is("E_LOCK_BUSY", "libo2dlm.ErrBusy", libo2dlm.ErrBusy, "somebody else holds the lock"),
		is("E_DOMAIN_CLOSED", "libo2dlm.ErrClosed", libo2dlm.ErrClosed, "the lock domain was left"),
		is("E_LOCKS_HELD", "libo2dlm.ErrInUse", libo2dlm.ErrInUse, "locks are still held"),
		is("E_LOCK_RELEASED", "libo2dlm.ErrReleased", libo2dlm.ErrReleased, "the lock was released before"),
		is("E_VALUE_LOST", "libo2dlm.ErrValueLost", libo2dlm.ErrValueLost, "the lock has no value, or its owner has died with it"),
		is("E_VALUE_FOREIGN", "libo2dlm.ErrForeignValue", libo2dlm.ErrForeignValue, "the lock's value block was written by something else"),
		is("E_TOO_MANY_WAITERS", "libo2dlm.ErrTooManyWaiters", libo2dlm.ErrTooManyWaiters, "too many requests wait in the kernel"),
		is("E_LOCK_NAME", "libo2dlm.ErrName", libo2dlm.ErrName, "no name for a domain or a resource"),
		is("E_NOT_DLMFS", "libo2dlm.ErrNotDLMFS", libo2dlm.ErrNotDLMFS, "the directory is no dlmfs"),
		is("E_DLMFS", "libo2dlm.ErrDLMFS", libo2dlm.ErrDLMFS, "the directory is a dlmfs, which a lock of one node alone must not use"),
		is("E_NOT_ONLINE", "libo2dlm.ErrOffline", libo2dlm.ErrOffline, "the cluster is not online or no region runs"),
	}
}

// wrapperCodes are the rules for errors of which only the place is known.
func wrapperCodes() []codeRule {
	return []codeRule{
		is("E_CANCELLED", "", context.Canceled, "the command was interrupted"),
		is("E_TIMEOUT", "", context.DeadlineExceeded, "it took too long"),
		is("E_PERMISSION", "", unix.EACCES, "the caller may not do this"),
		is("E_PERMISSION", "", unix.EPERM, "the caller may not do this"),
		as[*plan.ApplyError]("E_STEP_FAILED", "a step failed, and those before it were undone unless the message says otherwise"),
		as[*configfs.Error]("E_KERNEL", "the kernel's configfs refused an operation; errno says why"),
		as[*conf.EditError]("E_EDIT", "an edit of the configuration was refused"),
		as[*textfile.Error]("E_FILE", "the configuration or the settings cannot be read or written; errno says why"),
		as[*file.Error]("E_FILE", "the settings cannot be read; errno says why"),
		as[*volume.Error]("E_DEVICE", "a device cannot be read; errno says why"),
		as[*heartbeat.Error]("E_HEARTBEAT", "an operation on a heartbeat region failed"),
		as[*libo2dlm.Error]("E_LOCK", "an operation on a lock failed"),
	}
}

// systemCodes are the rules for what else the system said.
func systemCodes() []codeRule {
	return []codeRule{
		is("E_NO_SUCH_FILE", "", unix.ENOENT, "a file is missing"),
		as[unix.Errno]("E_SYSTEM", "a system call failed; errno says why"),
	}
}

// codeOf returns the machine code of a failure.
func codeOf(err error) string {
	for _, rule := range codes() {
		if rule.matches(err) {
			return rule.code
		}
	}
	return codeFailed
}
