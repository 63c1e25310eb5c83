// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"fmt"
	"strings"
)

const (
	// maxDomain is the longest domain name in bytes: the kernel takes names shorter
	// than 64. GROUP_NAME_MAX in fs/ocfs2/stackglue.h, dlmfs_mkdir.
	maxDomain = 63

	// maxResource is the longest resource name in bytes: the kernel takes names
	// shorter than 32. USER_DLM_LOCK_ID_MAX_LEN in fs/ocfs2/dlmfs/userdlm.h,
	// dlmfs_create.
	maxResource = 31
)

// checkDomain returns an ErrName that says what is wrong with the name of a domain.
func checkDomain(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: a domain needs one", ErrName)
	case len(name) > maxDomain:
		return fmt.Errorf("%w: %d bytes, a domain's has at most %d", ErrName, len(name), maxDomain)
	case name == "." || name == "..":
		return fmt.Errorf("%w: %q is a directory of its own", ErrName, name)
	}
	return checkBytes(name)
}

// checkResource returns an ErrName that says what is wrong with the name of a resource.
func checkResource(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: a resource needs one", ErrName)
	case len(name) > maxResource:
		return fmt.Errorf("%w: %d bytes, a resource's has at most %d", ErrName, len(name), maxResource)
	case name[0] == '$':
		return fmt.Errorf("%w: the kernel reserves names that start with $", ErrName)
	case name[0] == '.':
		// The C library keeps a lock called "." and 16 hexadecimal digits per context.
		return fmt.Errorf("%w: the C library reserves names that start with a dot", ErrName)
	}
	return checkBytes(name)
}

func checkBytes(name string) error {
	if i := strings.IndexAny(name, "/\x00"); i >= 0 {
		return fmt.Errorf("%w: it contains %q", ErrName, name[i])
	}
	return nil
}
