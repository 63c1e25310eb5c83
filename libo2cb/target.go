// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/settings"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// target is what the kernel is to have, by the configuration and the settings.
type target struct {
	cluster  *cluster.Cluster
	findings conf.Findings     // about the configuration, none of them in the way
	settings settings.Findings // the same about the settings
}

// target reads the cluster called name, or the only one, with its local node
// marked, the timing of the settings, and in global mode all regions of the file;
// in local mode the regions are left open.
func (m *Manager) target(name string) (target, error) {
	var t target
	var err error
	if t.cluster, t.findings, err = m.wanted(name); err != nil {
		return t, err
	}
	if t.cluster.Timing, t.settings, err = m.timing(); err != nil {
		return t, err
	}
	if t.cluster.Mode() != cluster.GlobalHeartbeat {
		t.cluster.Regions = nil
	} else if t.cluster.Regions == nil {
		t.cluster.Regions = []cluster.Region{}
	}
	return t, nil
}

// Settings returns what the settings file of this system says, which file that is,
// and what is wrong with it; see package settings. The file need not exist.
func (m *Manager) Settings() (s *settings.Settings, path string, findings settings.Findings, err error) {
	if path, err = settings.Path(m.root); err != nil {
		return nil, "", nil, err
	}
	s, findings, err = settings.Load(path)
	return s, path, findings, err
}

// OtherStackError says that the settings are for another cluster stack than o2cb.
type OtherStackError struct {
	Path  string // of the settings file
	Stack string // what it names
}

// Error returns one line with what to do.
func (e *OtherStackError) Error() string {
	return fmt.Sprintf("%s sets %s=%s, and the stack of this program is o2cb: set %[2]s=o2cb there (o2cb_ctl configure), "+
		"or run the stack %[3]s with the tools of corosync and pacemaker", e.Path, settings.Stack, e.Stack)
}

// forO2CB returns the settings, unless they are for another cluster stack.
func (m *Manager) forO2CB() (*settings.Settings, error) {
	s, path, _, err := m.Settings()
	if err == nil && s.Stack != "" && s.Stack != stack.Label {
		err = &OtherStackError{Path: path, Stack: s.Stack}
	}
	return s, err
}

// timing returns the timing of the settings, and what does not keep it from being
// set.
func (m *Manager) timing() (cluster.Timing, settings.Findings, error) {
	s, _, findings, err := m.Settings()
	if err != nil {
		return cluster.Timing{}, nil, err
	}
	refused := findings.Err
	if m.permissive {
		refused = findings.ErrPermissive
	}
	return s.Timing(), findings, refused()
}
