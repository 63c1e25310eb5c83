// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// checkedRegion returns the region that an operand names, a UUID or the device of a
// volume, for cluster of. What would keep the region of that device from starting is
// a warning, because tunefs.ocfs2 can still mend it.
func (s *settings) checkedRegion(ctx context.Context, of, target string) (string, error) {
	if !strings.Contains(target, "/") {
		return libo2cb.RegionOf(target)
	}
	if err := answers(ctx, s.path(target)); err != nil {
		return "", err
	}
	v, err := volume.Open(s.path(target))
	if err != nil {
		return "", err
	}
	if reason := misfit(v, of); reason != "" {
		fmt.Fprintf(s.std.err, "warning: heartbeat cannot start on %s: %s; tunefs.ocfs2 --update-cluster-stack adapts the volume\n", target, reason)
	}
	return v.UUID, nil
}

// regionOf is [libo2cb.RegionOf] of an operand, below the root and of a disk that
// answers. It is asked before any lock is taken.
func (s *settings) regionOf(ctx context.Context, target string) (string, error) {
	if !strings.Contains(target, "/") {
		return libo2cb.RegionOf(target)
	}
	device := s.path(target)
	if err := answers(ctx, device); err != nil {
		return "", err
	}
	return libo2cb.RegionOf(device)
}

// misfit says why a volume cannot carry the global heartbeat of a cluster.
func misfit(v *volume.Volume, of string) string {
	switch {
	case v.LocalMount:
		return "the volume is made for one node (-M local)"
	case v.ClusterName != "" && v.ClusterName != of:
		return fmt.Sprintf("the volume belongs to cluster %s", v.ClusterName)
	case v.HeartbeatMode() != cluster.GlobalHeartbeat:
		return "the volume is not made for global heartbeat"
	}
	return ""
}
