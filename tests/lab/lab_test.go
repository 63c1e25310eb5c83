// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func([]string) int{
		"say":    say,
		"hear":   hear,
		"status": status,
		"victim": victim,
	})
}

// status tells where it runs and ends with a status that no shell makes.
func status(args []string) int {
	host, err := os.Hostname()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(host, strings.Join(args, " "))
	return 77
}

// port is where hear listens.
const port = 4000

// say broadcasts one datagram: no address is asked for, so one way is enough.
func say(args []string) int {
	conn, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(10, 9, 0, 255), Port: port})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_BROADCAST, 1)
		})
	}
	if err == nil {
		_, err = conn.Write([]byte(args[0]))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// hear prints every datagram that arrives as a line.
func hear([]string) int {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{Port: port})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("listening")
	buf := make([]byte, 2048)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Printf("%s\n", buf[:n])
	}
}

// victim is a program on the host that boots a cluster and is to be killed.
func victim([]string) int {
	r := lab.NewReporter("victim", os.Stderr)
	ok := r.Run(func() {
		c := lab.Start(r, lab.Nodes(2), lab.Disk("data", "1M"))
		p := c.Node(0).Start(lab.Command{Args: []string{"sh", "-c", "echo busy; while :; do :; done"}})
		p.WaitLine("busy")
		fmt.Println("ready")
		// Until the standard input ends: a victim that nobody kills.
		bufio.NewReader(os.Stdin).ReadByte()
	})
	if !ok {
		return 1
	}
	return 0
}
