// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
)

func newHeartbeat(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "heartbeat",
		Short: "Start, stop and show the heartbeat",
		Long: `A node shows that it is alive by writing to its block of a heartbeat region, an area
of a shared volume, every two seconds. mount(8) and umount(8) start and stop the
region of the volume by themselves. Programs that take cluster locks want a region
that does not end with a mount: start it here before the first of them.

A region counts its users. The count is shared with the C program ocfs2_hb_ctl
and with mount.ocfs2.`,
		// Without these cobra prints the help and calls that success.
		Args: func(_ *cobra.Command, args []string) error {
			return usageError{fmt.Errorf("heartbeat wants one of start, stop and status, not %q; see o2cb_ctl heartbeat --help", strings.Join(args, " "))}
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(newHeartbeatStart(s), newHeartbeatStop(s), newHeartbeatStatus(s))
	return cmd
}

func newHeartbeatStart(s *settings) *cobra.Command {
	var all, asJSON bool
	cmd := &cobra.Command{
		Use:   "start DEVICE|UUID | --all",
		Short: "Add a user to a volume's heartbeat, starting it if it is the first",
		Long: `start adds a user to the region of the volume, and starts the region if that is
the first user. The kernel takes about ten seconds to see who else beats there.
The volume must belong to the cluster that is online and be made for local
heartbeat.

With --all the running regions become those of the configuration file, in a
cluster whose heartbeat is global: what is missing starts side by side, what is
not in the file any more stops. The disks are found by what is on them, whatever
they are called. It happens as a whole or not at all.

Exit status:
  0  the region runs, or all of them
  1  failure`,
		Example: `  o2cb_ctl volume                        # which device?
  o2cb_ctl heartbeat start /dev/sdb1
  o2cb_ctl heartbeat start --all         # global heartbeat
  o2cb_ctl heartbeat status              # who uses it?
  o2cb_ctl lock web deploy -- ./deploy.sh`,
		Args: oneOrAll(&all),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all {
				ctx, stop := steadfast(cmd.Context())
				defer stop()
				return s.printRegions(asJSON)(s.manager(false).StartRegions(ctx, "", nil))
			}
			return s.startHeartbeat(cmd.Context(), args[0])
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all regions of the configuration file, in global mode")
	cmd.Flags().BoolVar(&asJSON, "json", false, "with --all, print JSON")
	return cmd
}

// oneOrAll wants one operand, or none with --all.
func oneOrAll(all *bool) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if asJSON, err := cmd.Flags().GetBool("json"); err == nil && asJSON && !*all {
			return usageError{errors.New("--json is for --all")}
		}
		if *all {
			return cobra.NoArgs(cmd, args)
		}
		return cobra.ExactArgs(1)(cmd, args)
	}
}

// printRegions returns what prints the outcome of a change of all regions.
func (s *settings) printRegions(asJSON bool) func(libo2cb.RegionsReport, error) error {
	return func(report libo2cb.RegionsReport, err error) error {
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(s.std.out, report)
		}
		w := s.std.out
		for _, r := range report.Running {
			if slices.Contains(report.Started, r.Name) {
				fmt.Fprintf(w, "Heartbeat of %s on %s: started\n", r.Name, r.Device)
			}
		}
		for _, region := range report.Stopped {
			fmt.Fprintf(w, "Heartbeat of %s: stopped\n", region)
		}
		if len(report.Started)+len(report.Stopped) == 0 {
			_, err = fmt.Fprintf(w, "Heartbeat of cluster %s: nothing changed, %d regions run\n", report.Cluster, len(report.Running))
		}
		return err
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
	var all, asJSON bool
	cmd := &cobra.Command{
		Use:   "stop DEVICE|UUID | --all",
		Short: "Take a user away from a volume's heartbeat, stopping it with the last",
		Long: `stop takes one user away and stops the region with the last one. Nothing changes,
and the error says who is in the way, while the region's volume is mounted, or
while a program has a lock domain open and no other region beats: without a
heartbeat the other nodes would take its locks over. Lock domains that nobody
has open are left first.

With --all it stops all regions of a cluster whose heartbeat is global, unless a
volume is mounted or a lock domain open.

Exit status:
  0  a user was taken away, or all regions stopped
  1  refused or failed`,
		Example: `  o2cb_ctl heartbeat stop /dev/sdb1
  o2cb_ctl heartbeat stop 77D95EF51C0149D2823674FCC162CF8B
  o2cb_ctl heartbeat stop --all          # global heartbeat
  o2cb_ctl offline                       # when no region runs any more`,
		Args: oneOrAll(&all),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all {
				ctx, stop := steadfast(cmd.Context())
				defer stop()
				return s.printRegions(asJSON)(s.manager(false).StopRegions(ctx, "", nil))
			}
			return s.stopHeartbeat(cmd.Context(), args[0])
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all regions that run, in global mode")
	cmd.Flags().BoolVar(&asJSON, "json", false, "with --all, print JSON")
	return cmd
}

func (s *settings) stopHeartbeat(ctx context.Context, target string) error {
	region, err := s.regionOf(ctx, target)
	if err != nil {
		return fmt.Errorf("stop heartbeat: %w", err)
	}
	region, stopped, err := s.manager(false).StopHeartbeat(ctx, region)
	if err != nil {
		return err
	}
	what := "others use it still"
	if stopped {
		what = "stopped"
	}
	_, err = fmt.Fprintf(s.std.out, "Heartbeat of %s: %s\n", region, what)
	return err
}

func newHeartbeatStatus(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the running regions and how many users each has",
		Long: `status shows the regions that run, their devices and how many users each has.
The count needs root.

Exit status:
  0  shown
  1  failure`,
		Example: `  o2cb_ctl heartbeat status
  o2cb_ctl heartbeat status --json`,
		Args: cobra.NoArgs,
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
