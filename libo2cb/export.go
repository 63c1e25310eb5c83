// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/definition"
)

// Export returns the definition of the cluster called name in the configuration,
// of all its clusters when name is empty, each with the timing of the settings. It
// needs no privilege. A file with errors is refused ([*conf.InvalidError],
// [*settings.InvalidError]): what is wrong would be carried to other nodes.
// A name that the file does not have is an [*UnknownClusterError].
func (m *Manager) Export(name string) (*definition.Definition, error) {
	d, err := m.export(name)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return d, nil
}

func (m *Manager) export(name string) (*definition.Definition, error) {
	file, findings, err := conf.Load(m.config)
	if err != nil {
		return nil, err
	}
	refused := findings.Err
	if m.permissive {
		refused = findings.ErrPermissive
	}
	if err := refused(); err != nil {
		return nil, err
	}
	timing, _, err := m.timing()
	if err != nil {
		return nil, err
	}
	clusters := file.Clusters()
	if name != "" || len(clusters) == 0 {
		one, err := m.choose(clusters, name)
		if err != nil {
			return nil, err
		}
		clusters = []*cluster.Cluster{one}
	}
	d := &definition.Definition{}
	for _, c := range clusters {
		timed := *c
		timed.Timing = timing
		d.Clusters = append(d.Clusters, &timed)
	}
	return d, nil
}

// ExportRunning returns the definition of the kernel's cluster, which must have
// the given name unless that is empty: the error is a [*NotOnlineError], or
// [ErrNoCluster] when nothing is online and nothing was named.
// In local mode the running regions are left out: they belong to volumes. It needs
// no privilege.
func (m *Manager) ExportRunning(name string) (*definition.Definition, error) {
	_, have, err := m.running()
	switch {
	case err != nil:
	case have == nil && name == "":
		err = ErrNoCluster
	case have == nil || name != "" && have.Name != name:
		err = notOnline(name, have)
	}
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	if have.Mode() != cluster.GlobalHeartbeat {
		have.Regions = nil
	}
	return &definition.Definition{Clusters: []*cluster.Cluster{have}}, nil
}
