// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
	"golang.org/x/sys/unix"
)

// boot is the life of process 1: set the machine up, serve the lab, power off.
// The lab's end of the channel is the guest's lease: when it closes, whatever
// the reason, nobody is left to use the guest and it ends at once.
func boot() {
	err := live()
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
	}
	powerOff()
}

// powerOff ends the guest, and with it this process.
func powerOff() {
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		fmt.Fprintln(os.Stderr, "lab: power off:", err)
	}
	// Process 1 must not return: that is a kernel panic, which hides the message above.
	for {
		_ = unix.Pause() // returns at every signal
	}
}

func live() error {
	if err := mountKernel("/"); err != nil {
		return err
	}
	conf, err := readBoot(wire.BootFile)
	if err != nil {
		return err
	}
	// Until the modules are in there may be no channel to complain on.
	for _, m := range conf.Modules {
		if err := loadModule(m); err != nil {
			return err
		}
	}
	channel, err := openChannel(conf.Channel)
	if err != nil {
		return err
	}
	out := wire.NewWriter(channel)
	host, release, err := setUp(conf)
	if err != nil {
		return reportFailure(out, err)
	}
	if conf.Init != nil {
		return reportFailure(out, handOver(conf.Init, channel, host, release))
	}
	return serve(channel, host, release)
}

// serve works for the lab until it closes the channel.
func serve(channel, host *os.File, release string) error {
	out := wire.NewWriter(channel)
	// Only now may the lab speak: before the terminal was raw, bytes would have been lost.
	if err := out.Write(wire.Frame{Kind: wire.Hello, Payload: []byte(release)}); err != nil {
		return err
	}
	return newServer(out, host).serve(wire.NewReader(&acknowledged{r: channel, out: out}))
}

// reportFailure tells the lab why there will be no Hello. The console gets it too.
func reportFailure(out *wire.Writer, cause error) error {
	if err := out.Write(wire.Frame{Kind: wire.Failed, Payload: []byte(cause.Error())}); err != nil {
		return fmt.Errorf("%w; and the lab could not be told: %w", cause, err)
	}
	return cause
}

func readBoot(path string) (*wire.Boot, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var conf wire.Boot
	if err := json.Unmarshal(data, &conf); err != nil {
		return nil, fmt.Errorf("parse %s: %w", path, err)
	}
	return &conf, nil
}

// setUp makes the node: root, names, network. It returns the host's root, which
// no path of the guest leads to any more, and the kernel's release.
func setUp(conf *wire.Boot) (host *os.File, release string, err error) {
	host, fresh, err := buildRoot(conf)
	if err != nil {
		return nil, "", err
	}
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return nil, "", fmt.Errorf("uname: %w", err)
	}
	release = unix.ByteSliceToString(uts.Release[:])
	if err := linkModules(conf.ModuleTree, release); err != nil {
		return nil, "", err
	}
	if err := unix.Sethostname([]byte(conf.Hostname)); err != nil {
		return nil, "", fmt.Errorf("set host name %q: %w", conf.Hostname, err)
	}
	if fresh {
		err = forgetHost(conf)
	}
	if err != nil {
		return nil, "", err
	}
	if err := linkMountTable(); err != nil {
		return nil, "", err
	}
	if err := logToConsole(); err != nil {
		return nil, "", err
	}
	if err := interfaceUp("lo", "127.0.0.1", "255.0.0.0"); err != nil {
		return nil, "", err
	}
	if err := interfaceUp(conf.Interface, conf.Address, "255.255.255.0"); err != nil {
		return nil, "", err
	}
	return host, release, nil
}

// logToConsole brings what the kernel says from now on to the console, which "quiet"
// kept it from while it booted: it is what is left of a node that died.
func logToConsole() error {
	return os.WriteFile("/proc/sys/kernel/printk", []byte("7"), 0o644)
}

// linkModules makes modprobe find the modules of the running kernel.
func linkModules(tree, release string) error {
	link := filepath.Join("/lib/modules", release)
	if tree == link {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(link); err != nil {
		return err
	}
	return os.Symlink(tree, link)
}

// forgetHost replaces what the host's /etc says about names and about clusters.
func forgetHost(conf *wire.Boot) error {
	var hosts strings.Builder
	hosts.WriteString("127.0.0.1\tlocalhost\n")
	for _, h := range conf.Hosts {
		fmt.Fprintf(&hosts, "%s\t%s\n", h.Address, h.Name)
	}
	for path, text := range map[string]string{
		"/etc/hosts":    hosts.String(),
		"/etc/hostname": conf.Hostname + "\n",
		// Without name servers the resolver asks 127.0.0.1, which refuses at once.
		"/etc/resolv.conf": "",
	} {
		// The host's may be a symlink into a directory that the guest does not have.
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, path := range []string{"/etc/ocfs2", "/etc/default/o2cb", "/etc/sysconfig/o2cb"} {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return os.Mkdir("/etc/ocfs2", 0o755)
}

// linkMountTable makes /etc/mtab, in which mkfs.ocfs2 looks, unless the host has
// it: a minimal Debian has none.
func linkMountTable() error {
	err := os.Symlink("../proc/self/mounts", "/etc/mtab")
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// deviceDeadline bounds the wait for a device whose driver probes in the background.
const deviceDeadline = 30 * time.Second

// awaitFile waits until find returns a path.
func awaitFile(what string, find func() string) (string, error) {
	end := time.Now().Add(deviceDeadline)
	for {
		if path := find(); path != "" {
			return path, nil
		}
		if time.Now().After(end) {
			return "", fmt.Errorf("no %s after %v", what, deviceDeadline)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
