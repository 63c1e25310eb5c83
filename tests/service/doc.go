// SPDX-License-Identifier: Apache-2.0

// Package service tests the init script init/o2cb, and with it "o2cb_ctl service" and
// "o2cb_ctl configure": every action in every state side by side with Debian's
// /etc/init.d/o2cb, and the session of README.O2CB typed at a terminal.
package service
