// SPDX-License-Identifier: Apache-2.0

//go:build !386 && !arm && !mips && !mipsle

package heartbeat

import "golang.org/x/sys/unix"

// sysSemTimedOp is semtimedop(2) with times of 64 bits.
const sysSemTimedOp = unix.SYS_SEMTIMEDOP
