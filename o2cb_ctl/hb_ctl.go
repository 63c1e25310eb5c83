// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
)

// hbUsage is the usage of the C program ocfs2_hb_ctl, which it prints to
// standard error for every mistake.
const hbUsage = `Usage: ocfs2_hb_ctl -S -d <device> <service>
       ocfs2_hb_ctl -S -u <uuid> <service>
       ocfs2_hb_ctl -K -d <device> <service>
       ocfs2_hb_ctl -K -u <uuid> <service>
       ocfs2_hb_ctl -I -d <device>
       ocfs2_hb_ctl -I -u <uuid>
       ocfs2_hb_ctl -P -d <device> [-n <io_priority>]
       ocfs2_hb_ctl -P -u <uuid> [-n <io_priority>]
       ocfs2_hb_ctl -h
`

// hbAction is what ocfs2_hb_ctl is asked to do: the last of the letters counts.
type hbAction byte

// heartbeatControl is one call of ocfs2_hb_ctl.
type heartbeatControl struct {
	action   hbAction
	device   string
	uuid     string
	priority int
	service  string
}

var errHBUsage = errors.New("wrong usage")

// parseHeartbeatControl reads the options as the C program does.
func parseHeartbeatControl(args []string) (heartbeatControl, error) {
	var c heartbeatControl
	options, operands, err := getopt(args, "SKIPhd:u:n:", nil)
	if err != nil {
		return c, err
	}
	priority := "0"
	for _, o := range options {
		switch o.name {
		case "d":
			c.device = o.value
		case "u":
			c.uuid = o.value
		case "n":
			priority = o.value
		default:
			c.action = hbAction(o.name[0])
		}
	}
	if c.action == 'h' {
		return c, nil
	}
	if len(operands) > 0 {
		c.service = operands[0]
	}
	if c.action == 'K' && c.uuid != "" && c.service == "" {
		c.service = "ocfs2"
	}
	c.priority, err = strconv.Atoi(priority)
	needsService := c.action == 'S' || c.action == 'K'
	switch {
	case c.action == 0, (c.device == "") == (c.uuid == ""), needsService && c.service == "",
		err != nil, c.priority < 0, c.priority > 7:
		return c, errHBUsage
	}
	return c, nil
}

// runHeartbeatControl is the program under the name ocfs2_hb_ctl, the one that
// the kernel runs when a volume is unmounted.
func runHeartbeatControl(ctx context.Context, args []string, std streams) int {
	c, err := parseHeartbeatControl(args)
	if err != nil {
		fmt.Fprint(std.err, hbUsage)
		return 1
	}
	if c.action == 'h' {
		fmt.Fprint(std.out, hbUsage)
		return 0
	}
	ctx, stop := steadfast(ctx)
	defer stop()
	err = c.run(ctx, std.out)
	if err == nil || c.pointless(err) {
		return 0
	}
	return refuse(std.err, "ocfs2_hb_ctl", err.Error(), 1)
}

// pointless tells that there was nothing to do: in global mode the regions of
// the cluster serve all volumes, and the C program succeeds without doing a thing.
func (c heartbeatControl) pointless(err error) bool {
	return (c.action == 'S' || c.action == 'K') && errors.Is(err, heartbeat.ErrGlobal)
}

// umountWait is how long the program waits for others. The kernel runs it at umount,
// and there is no second try: a heartbeat that it does not stop stays. Others may be
// many umounts, of up to 2 s each, or a status that waits for a node to be declared dead.
const umountWait = 10 * time.Minute

func (c heartbeatControl) run(ctx context.Context, out io.Writer) error {
	m := libo2cb.New(libo2cb.Options{Find: findVolumes, Starter: starter{root: "/"}, Wait: umountWait})
	target := c.device + c.uuid
	if c.device != "" && c.action != 'S' {
		var err error
		if target, err = (&settings{root: "/"}).regionOf(ctx, target); err != nil {
			return err
		}
	}
	switch c.action {
	case 'S':
		_, err := m.StartHeartbeat(ctx, target, nil)
		return err
	case 'K':
		_, _, err := m.StopHeartbeat(ctx, target)
		return err
	case 'I':
		region, n, err := m.References(target)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s: %d refs\n", region, n)
		return err
	default:
		return m.PrioritizeHeartbeat(target, c.priority)
	}
}
