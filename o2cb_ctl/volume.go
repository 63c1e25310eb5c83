// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

func newVolume(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "volume [DEVICE…]",
		Short: "Show OCFS2 volumes: UUID, label, cluster, heartbeat area",
		Long: `volume reads the superblocks of the devices (or image files) that are named, or of
all block devices of this machine whatever they are called, and shows the OCFS2
volumes among them. A path of a multipath device or a half of a mirror is left
out in favour of the whole. Nothing is written. Reading a device needs root or
the group disk.

Exit status:
  0  all were read
  1  one could not be; the others are shown`,
		Example: `  o2cb_ctl volume
  o2cb_ctl volume --json /dev/sdb1`,
		RunE: func(cmd *cobra.Command, devices []string) error {
			volumes, problems, err := s.volumes(cmd.Context(), devices)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(s.std.out, describeAll(volumes))
			} else {
				err = printVolumes(s.std.out, volumes)
			}
			for _, problem := range problems {
				refuse(s.std.err, "o2cb_ctl", problem.Error(), 0)
			}
			if err == nil && len(problems) > 0 {
				return silentError{1}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// volumeReport is what volume --json prints of each.
type volumeReport struct {
	Device          string `json:"device"`
	UUID            string `json:"uuid"`
	Label           string `json:"label"`
	Stack           string `json:"stack"`
	Cluster         string `json:"cluster"`
	HeartbeatMode   string `json:"heartbeat_mode"`
	HeartbeatDevice bool   `json:"heartbeat_device"`
	LocalMount      bool   `json:"local_mount"`
	BlockSize       int    `json:"block_size"`
	ClusterSize     int    `json:"cluster_size"`
	Size            uint64 `json:"size"`
	Slots           int    `json:"slots"`
	BlockBytes      int    `json:"heartbeat_block_bytes"`
	StartBlock      uint64 `json:"heartbeat_start_block"`
	Blocks          int    `json:"heartbeat_blocks"`
}

func describeAll(volumes []*volume.Volume) []volumeReport {
	reports := make([]volumeReport, len(volumes))
	for i, v := range volumes {
		reports[i] = volumeReport{
			Device: v.Device, UUID: v.UUID, Label: v.Label,
			Stack: v.Stack, Cluster: v.ClusterName, HeartbeatMode: string(v.HeartbeatMode()),
			HeartbeatDevice: v.HeartbeatDevice, LocalMount: v.LocalMount,
			BlockSize: v.BlockSize, ClusterSize: v.ClusterSize, Size: v.Size(), Slots: v.MaxSlots,
			BlockBytes: v.Area.BlockBytes, StartBlock: v.Area.StartBlock, Blocks: v.Area.Blocks,
		}
	}
	return reports
}

func printVolumes(out io.Writer, volumes []*volume.Volume) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tUUID\tLABEL\tSTACK\tCLUSTER\tHEARTBEAT\tAREA")
	for _, v := range volumes {
		fmt.Fprintf(w, "%s\t%s\t%q\t%s\t%s\t%s\t%d + %d × %d B\n",
			v.Device, v.UUID, v.Label, dash(v.Stack), dash(v.ClusterName), v.HeartbeatMode(),
			v.Area.StartBlock, v.Area.Blocks, v.Area.BlockBytes)
	}
	return w.Flush()
}

// dash stands for what a volume does not say.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
