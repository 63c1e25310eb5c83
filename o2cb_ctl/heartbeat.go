// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func newHeartbeat(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "heartbeat",
		Short: "Start, stop and show the heartbeat of volumes",
		Long: `A node shows that it is alive by writing to its block of a heartbeat region, an area
of a shared volume, every two seconds. mount(8) and umount(8) start and stop the
region of the volume by themselves. Programs that take cluster locks want a region
that does not end with a mount: start it here before the first of them.

A region counts its users. The count is shared with the C program ocfs2_hb_ctl
and with mount.ocfs2.`,
	}
	cmd.AddCommand(newHeartbeatStart(s), newHeartbeatStop(s), newHeartbeatStatus(s))
	return cmd
}

func newHeartbeatStart(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "start DEVICE|UUID",
		Short: "Add a user to a volume's heartbeat, starting it if it is the first",
		Long: `start adds a user to the region of the volume, and starts the region if that is
the first user. The kernel takes about ten seconds to see who else beats there.
The volume must belong to the cluster that is online and be made for local
heartbeat.`,
		Example: `  o2cb_ctl heartbeat start /dev/sdb1`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.startHeartbeat(cmd.Context(), args[0])
		},
	}
}

func (s *settings) startHeartbeat(ctx context.Context, target string) error {
	ctx, stop := steadfast(ctx)
	defer stop()
	bar := newProgress(s.std.err, "starting heartbeat on "+target)
	result, err := s.manager(false).StartHeartbeat(ctx, target, bar.show)
	bar.clear()
	if err != nil {
		return err
	}
	what := "added a user"
	if result.Started {
		what = "started"
	}
	_, err = fmt.Fprintf(s.std.out, "Heartbeat of %s on %s: %s\n", result.Volume.UUID, target, what)
	return err
}

func newHeartbeatStop(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "stop DEVICE|UUID",
		Short: "Take a user away from a volume's heartbeat, stopping it with the last",
		Long: `stop takes one user away and stops the region with the last one. Nothing changes,
and the error says who is in the way, while the region's volume is mounted, or
while a program has a lock domain open and no other region beats: without a
heartbeat the other nodes would take its locks over. Lock domains that nobody
has open are left first.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			region, stopped, err := s.manager(false).StopHeartbeat(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			what := "others use it still"
			if stopped {
				what = "stopped"
			}
			_, err = fmt.Fprintf(s.std.out, "Heartbeat of %s: %s\n", region, what)
			return err
		},
	}
}

func newHeartbeatStatus(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the running regions and how many users each has",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return s.printHeartbeatsJSON()
			}
			return s.printHeartbeats(s.std.out)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (s *settings) printHeartbeatsJSON() error {
	regions, err := s.manager(false).Heartbeats()
	if err != nil {
		return err
	}
	return printJSON(s.std.out, regions)
}

func (s *settings) printHeartbeats(out io.Writer) error {
	regions, err := s.manager(false).Heartbeats()
	if err != nil {
		return err
	}
	if len(regions) == 0 {
		_, err = fmt.Fprintln(out, "no region runs")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "REGION\tDEVICE\tUSERS")
	for _, r := range regions {
		fmt.Fprintf(w, "%s\t%s\t%d\n", r.Region, dash(r.Device), r.References)
	}
	return w.Flush()
}
