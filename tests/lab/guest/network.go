// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// interfaceUp gives a network device its address and turns it on (netdevice(7)).
func interfaceUp(name, address, mask string) error {
	_, err := awaitFile("network device "+name, func() string {
		path := filepath.Join("/sys/class/net", name)
		if _, err := os.Stat(path); err != nil {
			return ""
		}
		return path
	})
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a socket to configure %s: %w", name, err)
	}
	defer unix.Close(fd)
	if err := setAddress(fd, unix.SIOCSIFADDR, name, address); err != nil {
		return fmt.Errorf("give %s the address %s: %w", name, address, err)
	}
	if err := setAddress(fd, unix.SIOCSIFNETMASK, name, mask); err != nil {
		return fmt.Errorf("give %s the mask %s: %w", name, mask, err)
	}
	flags, err := unix.NewIfreq(name)
	if err != nil {
		return fmt.Errorf("network device %q: %w", name, err)
	}
	flags.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, flags); err != nil {
		return fmt.Errorf("turn %s on: %w", name, err)
	}
	return nil
}

func setAddress(fd int, request uint, name, address string) error {
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return err
	}
	if err := req.SetInet4Addr(ip.AsSlice()); err != nil {
		return err
	}
	return unix.IoctlIfreq(fd, request, req)
}
