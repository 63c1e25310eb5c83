// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestErrorIsOneLineWithEverything(t *testing.T) {
	tests := []struct {
		err  *Error
		want string
	}{
		{newError("write", "/c/web/node/b/num", "3", unix.EEXIST),
			`write "3" to /c/web/node/b/num: another node of the cluster has number 3 (file exists); give one of the two another number`},
		{newError("write", "/c/web/node/b/num", "300", unix.ERANGE),
			`write "300" to /c/web/node/b/num: a node number is 0 to 254 (numerical result out of range); choose a free number in that range`},
		{newError("write", "/c/web/node/b/ipv4_port", "0", unix.EINVAL),
			`write "0" to /c/web/node/b/ipv4_port: 0 is not a port from 1 to 65534 (invalid argument); choose one; 7777 is the custom`},
		{newError("write", "/c/web/heartbeat/R/blocks", "256", unix.EINVAL),
			`write "256" to /c/web/heartbeat/R/blocks: 256 is not possible for blocks (invalid argument)`},
		{newError("mkdir", "/c/web", "", unix.EPERM),
			`mkdir /c/web: only root may change the cluster (operation not permitted); run the command as root`},
		{newError("read", "/c/web/node/b/num", "", unix.EACCES), `read /c/web/node/b/num: permission denied`},
		{newError("write", "/c/web/x", "1", unix.ENOENT), `write "1" to /c/web/x: this kernel has no such attribute (no such file or directory)`},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
		if !errors.Is(tt.err, tt.err.Err) {
			t.Errorf("%v does not unwrap to its errno", tt.err)
		}
	}
}
