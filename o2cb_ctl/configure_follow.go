// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"

	"github.com/o2cb-go/o2cb/libo2cb"
	file "github.com/o2cb-go/o2cb/libo2cb/settings"
)

// follow does what the settings ask for now that they are written, and tells whether
// what starts at boot runs. The C init script would also stop: it takes a cluster
// down when the answer was not to load the driver at boot. Here nothing does.
func (c *configuration) follow(ctx context.Context, said io.Writer, path string) (started bool, err error) {
	if c.noStart {
		return false, nil
	}
	now, _, err := file.Load(path)
	if err != nil {
		return false, err
	}
	st, err := c.running(ctx)
	if err != nil {
		return false, fmt.Errorf("the settings are written; %w", err)
	}
	switch {
	case now.Enabled && !st.Online:
		if err := c.start(ctx); err != nil {
			return false, fmt.Errorf("the settings are written, and will count at boot; start now: %w", err)
		}
		return true, nil
	case now.Enabled:
		fmt.Fprintf(said, "Cluster %s is online and was left alone: \"o2cb_ctl plan\" shows what the settings change, \"o2cb_ctl apply\" does it\n", st.Cluster.Name)
		return st.Cluster.Name == now.BootCluster || now.BootCluster == "", nil
	case st.Cluster != nil:
		state := "registered"
		if st.Online {
			state = "online"
		}
		fmt.Fprintf(said, "Cluster %s is %s and stays so: \"o2cb_ctl offline %[1]s\" takes it down\n", st.Cluster.Name, state)
	case st.Stack.HasNodes:
		fmt.Fprintln(said, "The driver stays loaded: \"o2cb_ctl unload\" removes it")
	}
	return false, nil
}

// running returns what runs.
func (s *settings) running(ctx context.Context) (libo2cb.Status, error) {
	return s.manager(false).Status(ctx)
}
