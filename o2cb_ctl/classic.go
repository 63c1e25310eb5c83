// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

// runClassic is o2cb_ctl with the historical options.
func runClassic(ctx context.Context, args []string, std streams) int {
	c, err := parseClassic(args, std)
	if err == nil {
		err = c.run(ctx)
	}
	if err == nil {
		return 0
	}
	status := refuse(std.err, "o2cb_ctl", err.Error(), classicStatus(err))
	var usage misuse
	if errors.As(err, &usage) {
		fmt.Fprint(std.err, classicUsage)
	}
	return status
}

func (c *classic) run(ctx context.Context) error {
	if c.localNode == "" {
		c.localNode = os.Getenv("O2CB_NODE")
	}
	switch c.operation {
	case "h":
		_, err := fmt.Fprint(c.std.out, classicUsage)
		return err
	case "V":
		_, err := fmt.Fprintf(c.std.out, "o2cb_ctl version %s\n", version)
		return err
	case "C":
		return c.create(ctx)
	case "D":
		return c.delete(ctx)
	case "I":
		return c.info()
	default:
		return c.change(ctx)
	}
}

// file returns the path of the configuration.
func (c *classic) file() string { return c.path(c.config) }

// load reads the configuration. It refuses what the C loader refuses, with its
// exit status, and passes over all else: a file must be readable to be mended.
func (c *classic) load() (*conf.File, error) {
	f, err := loadLikeC(c.file())
	if err != nil {
		return nil, refusal{syscall.EIO, err}
	}
	return f, nil
}

// edit changes the configuration, in one step and safe from other editors.
func (c *classic) edit(ctx context.Context, change func(*conf.File) error) error {
	if _, err := c.load(); err != nil {
		return err
	}
	return conf.EditPermissive(ctx, c.file(), change)
}

// kernelWith changes the kernel and the configuration, both or neither. install
// makes the change in the kernel and calls what it is given before it lets go.
func (c *classic) kernelWith(ctx context.Context, f *conf.File, install func(*libo2cb.Manager, func() error) error) error {
	if err := f.Findings().ErrPermissive(); err != nil {
		return err
	}
	return install(c.manager(true), func() error { return f.Save(ctx) })
}

// loadLikeC reads a file with the eyes of the C loader.
func loadLikeC(path string) (*conf.File, error) {
	f, findings, err := conf.Load(path)
	if err != nil {
		return nil, err
	}
	for _, finding := range findings.Errors() {
		if refusedByC(finding) {
			return nil, &conf.InvalidError{Findings: findings.Errors()}
		}
	}
	return f, nil
}

// refusedByC tells whether the C loader refuses a file for a finding. It knows
// nothing of the kernel's limits: a node number 300 or a port 70000 it takes.
func refusedByC(f conf.Finding) bool {
	switch f.Code {
	case cluster.CodeNameUnsafe, cluster.CodeNameTooLong, cluster.CodeNumberRange, cluster.CodePortRange,
		cluster.CodeDuplicateNumber, cluster.CodeDuplicateAddr, cluster.CodeTooManyNodes, cluster.CodeTooManyRegions:
		return false
	}
	return !f.Permissible
}
