// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"golang.org/x/sys/unix"
)

// Gates are named after the lock that they guard. The C library refuses names
// that start with a dot, and its own are a dot and 16 hexadecimal digits.
const (
	gatePrefix     = ".gate."
	longGatePrefix = ".gate#"
)

// Gate returns the name of the resource that guards requests for a resource:
// whoever asks for the latter, at either level, holds the former exclusively
// meanwhile, so that one node at a time asks. Two nodes that ask for Shared and
// Exclusive of one resource at the same moment can hang each other in the kernel
// for ever (Linux 6.1, measured); a program that shares locks with this package
// by other means has to pass the gate as well.
//
// The gate of a name of up to 25 bytes is ".gate." and the name; of a longer one,
// ".gate#" and the first 25 hexadecimal digits of its SHA-256. Gates need no gate.
func Gate(resource string) string {
	if len(gatePrefix)+len(resource) <= maxResource {
		return gatePrefix + resource
	}
	sum := sha256.Sum256([]byte(resource))
	return longGatePrefix + hex.EncodeToString(sum[:])[:maxResource-len(longGatePrefix)]
}

// pass opens the gate, and has it until the descriptor is closed. Its flock lines
// the processes of this node up in front of the lock as its cluster lock does the
// nodes: so writers do not starve behind readers, and grant.raise cannot lose.
func (r *resource) pass(dir *directory, q queueing) (int, error) {
	fd, err := r.open(dir, &r.gate, Exclusive, q)
	if err != nil {
		return noFile, fmt.Errorf("gate: %w", err)
	}
	if err := r.exclude(dir, &r.gate, fd, Exclusive, q); err != nil {
		unix.Close(fd)
		if err == errUnwanted {
			return noFile, err
		}
		return noFile, fmt.Errorf("gate: %w", err)
	}
	return fd, nil
}

// leave closes the gate.
func leaveGate(fd int) {
	if fd != noFile {
		closeLock(fd)
	}
}
