// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// What the child process found, and why not, arrives whole.
func TestFoundArrives(t *testing.T) {
	send := func(volumes []*volume.Volume, err error) ([]*volume.Volume, error) {
		t.Helper()
		text, encodeErr := json.Marshal(describeFound(volumes, err))
		if encodeErr != nil {
			t.Fatal(encodeErr)
		}
		var f found
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatal(err)
		}
		return f.result()
	}
	volumes := []*volume.Volume{{Device: "/dev/sda", UUID: "52AA69F32F394C6EB28419F786C5BF0C", GlobalHeartbeat: true, BlockSize: 4096}}
	if got, err := send(volumes, nil); err != nil || !reflect.DeepEqual(got, volumes) {
		t.Errorf("found %+v, %v", got, err)
	}
	why := fmt.Errorf("volume: find: %w; %w", volume.ErrNotFound, unix.ETIMEDOUT)
	got, err := send(nil, why)
	if len(got) != 0 || err == nil || err.Error() != why.Error() {
		t.Errorf("found %v, %v, want error %v", got, err, why)
	}
	for target, want := range map[error]bool{volume.ErrNotFound: true, unix.ETIMEDOUT: true, volume.ErrAmbiguous: false, unix.EIO: false} {
		if errors.Is(err, target) != want {
			t.Errorf("the error is %v: %t, want %t", target, !want, want)
		}
	}
}
