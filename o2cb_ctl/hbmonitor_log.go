// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"log/syslog"

	"github.com/sirupsen/logrus"
	syslogger "github.com/sirupsen/logrus/hooks/syslog"
)

// monitorLog returns a logger to the system log, facility daemon, and to w. A line
// is nothing but its message, as scripts know it from the C program.
func monitorLog(w io.Writer) *logrus.Logger { return monitorLogTo("", "", w) }

// monitorLogTo is monitorLog with the address of the system log, as log/syslog.Dial
// takes it; none is this machine's.
func monitorLogTo(network, address string, w io.Writer) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(w)
	log.SetFormatter(bare{})
	log.AddHook(&systemLog{network: network, address: address})
	return log
}

// bare formats an entry as its message.
type bare struct{}

func (bare) Format(e *logrus.Entry) ([]byte, error) { return append([]byte(e.Message), '\n'), nil }

// systemLog is the hook of logrus for syslog(3), which connects when it is first
// needed: the system log may come up later than the monitor. Its writer connects
// again by itself when the log was restarted.
type systemLog struct {
	network, address string
	hook             *syslogger.SyslogHook
}

func (*systemLog) Levels() []logrus.Level { return logrus.AllLevels }

func (s *systemLog) Fire(e *logrus.Entry) error {
	if s.hook == nil {
		hook, err := syslogger.NewSyslogHook(s.network, s.address, syslog.LOG_DAEMON|syslog.LOG_INFO, monitorName)
		if err != nil {
			return nil // there is none yet, and nobody to tell
		}
		s.hook = hook
	}
	return s.hook.Fire(e)
}
