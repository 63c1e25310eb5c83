// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

func TestParseMonitor(t *testing.T) {
	for line, want := range map[string]hbMonitor{
		"":               {percent: 50},
		"-i":             {percent: 50, interactive: true},
		"-w 30 -v":       {percent: 30, verbose: true},
		"-ivw1 operand":  {percent: 1, interactive: true, verbose: true},
		"-w 99 -V":       {percent: 99, version: true},
		"-w 0":           {percent: 50, bad: "0"},
		"-w 100":         {percent: 50, bad: "100"},
		"-w half":        {percent: 50, bad: "half"},
		"-w half -w 20":  {percent: 20},
		"-w 20 --daemon": {percent: 20, daemon: true},
	} {
		if got, err := parseMonitor(strings.Fields(line)); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", line, got, err, want)
		}
	}
}

// A line of the system log is the priority, the name and the bare message.
func TestSystemLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	daemon, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.Close()
	var console strings.Builder
	log := monitorLogTo("unixgram", path, &console)
	buffer := make([]byte, 1024)
	for _, c := range []struct {
		level          logrus.Level
		prefix, suffix string
	}{
		{logrus.InfoLevel, "<30>", "]: Last ping\n"},
		{logrus.WarnLevel, "<28>", "]: Last ping\n"},
	} {
		log.WithField("never", "seen").Log(c.level, "Last ping")
		n, err := daemon.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(buffer[:n]); !strings.HasPrefix(got, c.prefix) || !strings.HasSuffix(got, c.suffix) || !strings.Contains(got, " o2hbmonitor[") {
			t.Errorf("%s: %q", c.level, got)
		}
	}
	if got := console.String(); got != "Last ping\nLast ping\n" {
		t.Errorf("the console says %q", got)
	}
	monitorLogTo("unixgram", path+".missing", &console).Warn("nobody listens")
}
