// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// State is what of the cluster stack is there. Empty fields mean that it is
// not, or that the kernel does not say.
type State struct {
	Modules       []string `json:"modules"`                  // modules of the stack, sorted; those built in do not show
	ConfigFS      string   `json:"configfs,omitempty"`       // mount point
	DLMFS         string   `json:"dlmfs,omitempty"`          // mount point
	DebugFS       string   `json:"debugfs,omitempty"`        // mount point
	ClusterStack  string   `json:"cluster_stack,omitempty"`  // label of the selected stack
	Plugins       []string `json:"plugins"`                  // drivers, as far as the kernel lists them
	ActivePlugin  string   `json:"active_plugin,omitempty"`  // only while a volume or a domain is in use
	Interface     int      `json:"interface,omitempty"`      // interface_revision; 5 is known
	Capabilities  []string `json:"capabilities"`             // of dlmfs: bast, stackglue
	Locking       string   `json:"locking,omitempty"`        // locking protocol at work, "1.0"
	MaxLocking    string   `json:"max_locking,omitempty"`    // highest locking protocol
	HeartbeatCtl  string   `json:"heartbeat_ctl,omitempty"`  // what the kernel runs at unmount
	RecoverByDLM  bool     `json:"recover_by_dlm,omitempty"` // the user stack needs no daemon
	LoadedByUs    bool     `json:"loaded_by_us"`             // Load left a record in this run of the kernel
	HasDLMFS      bool     `json:"has_dlmfs"`                // the driver is there
	HasConfigFS   bool     `json:"has_configfs"`             // the driver is there
	HasNodes      bool     `json:"has_node_manager"`         // configfs carries the node manager
	SupportsStack bool     `json:"has_o2cb"`                 // the o2cb driver is there
}

// Ready tells whether a cluster can be brought online: configfs with the node
// manager, the o2cb stack selected and its driver loaded.
func (st State) Ready() bool {
	return st.HasNodes && st.SupportsStack && st.ClusterStack == Label
}

// State returns what is there. It loads nothing, needs no privilege and works
// on a machine without any of it. A file that exists and cannot be read is an
// error.
func (s *Stack) State() (State, error) {
	var st State
	r := &reader{stack: s}
	st.Modules = r.familyModules()
	st.ConfigFS = r.where(s.ConfigFS)
	st.DLMFS = r.where(s.DLMFS)
	st.DebugFS = r.where(s.DebugFS)
	st.ClusterStack = r.text(glueDir + "/cluster_stack")
	plugins, err := s.plugins()
	r.keep(err)
	st.Plugins = plugins
	st.ActivePlugin = r.text(glueDir + "/active_cluster_plugin")
	st.Interface = r.revision()
	st.Capabilities = strings.Fields(r.text("sys/module/ocfs2_dlmfs/parameters/capabilities"))
	st.Locking = r.text(glueDir + "/locking_protocol")
	st.MaxLocking = r.text(glueDir + "/max_locking_protocol")
	st.HeartbeatCtl = r.text("proc/sys/fs/ocfs2/nm/hb_ctl_path")
	st.RecoverByDLM = r.text(glueDir+"/dlm_recover_callback_support") == "1"
	st.HasConfigFS = r.has(s.hasType("configfs"))
	st.HasDLMFS = r.has(s.hasType("ocfs2_dlmfs"))
	st.SupportsStack = r.has(s.hasPlugin())
	st.HasNodes = st.ConfigFS != "" && r.nodeManager()
	record, err := s.readRecord()
	r.keep(err)
	st.LoadedByUs = record != nil
	return st, r.err
}

// reader reads many small files and keeps the first error. What does not exist
// is no error.
type reader struct {
	stack *Stack
	err   error
}

func (r *reader) keep(err error) {
	if r.err == nil && err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, ErrNotMounted) {
		r.err = fmt.Errorf("state of the cluster stack: %w", err)
	}
}

func (r *reader) text(rel string) string {
	text, err := readIfThere(r.stack.path(rel))
	r.keep(err)
	return strings.TrimSpace(text)
}

func (r *reader) where(find func() (string, error)) string {
	target, err := find()
	r.keep(err)
	return target
}

func (r *reader) has(is bool, err error) bool {
	r.keep(err)
	return is
}

func (r *reader) nodeManager() bool {
	_, err := directories(r.where(r.stack.ConfigFS) + "/cluster")
	r.keep(err)
	return err == nil
}

func (r *reader) familyModules() []string {
	modules, err := r.stack.modules()
	r.keep(err)
	names := []string{}
	for _, m := range modules {
		if slices.Contains(family(), m.name) {
			names = append(names, m.name)
		}
	}
	slices.Sort(names)
	return names
}

// revision reads the interface revision where the kernel's age has it.
func (r *reader) revision() int {
	for _, rel := range []string{
		"sys/fs/o2cb/interface_revision", "sys/o2cb/interface_revision", "proc/fs/ocfs2_nodemanager/interface_revision",
	} {
		text := r.text(rel)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		r.keep(err)
		return n
	}
	return 0
}
