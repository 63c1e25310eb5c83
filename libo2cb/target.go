// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/settings"
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

// timing returns the timing of the settings, and what does not keep it from being
// set.
func (m *Manager) timing() (cluster.Timing, settings.Findings, error) {
	s, findings, err := m.settings()
	if err != nil {
		return cluster.Timing{}, nil, err
	}
	refused := findings.Err
	if m.permissive {
		refused = findings.ErrPermissive
	}
	return s.Timing(), findings, refused()
}

// settings reads the settings file, whatever is wrong with its text.
func (m *Manager) settings() (*settings.Settings, settings.Findings, error) {
	path, err := settings.Path(m.root)
	if err != nil {
		return nil, nil, err
	}
	return settings.Load(path)
}
