// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// The same volume on devices that are not built on each other, as a disk and its
// snapshot: either could be the copy.
func TestFindCopies(t *testing.T) {
	f := newFakeMachine(t)
	data := image(t, "metaecc-512")
	f.disk("sda", data)
	f.hold("sda", "zdm-0")
	f.disk("zdm-0", data)
	f.disk("sdb", data)
	uuid := fixtures()["metaecc-512"].UUID
	v, err := f.scan().find(t.Context(), uuid)
	if !errors.Is(err, ErrAmbiguous) {
		t.Fatalf("find() = %+v, %v, want ErrAmbiguous", v, err)
	}
	for _, part := range []string{uuid, "dev/zdm-0", "dev/sdb"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not name %s", err, part)
		}
	}
}

func TestFindNot(t *testing.T) {
	f := newFakeMachine(t)
	_, err := f.scan().find(t.Context(), "00")
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("no device at all: error %v", err)
	}
	for i := range 20 {
		f.disk(fmt.Sprint("sd", i), make([]byte, 4096))
	}
	for i := range 5 {
		f.disk(fmt.Sprint("bad", i), make([]byte, 4096))
		delete(f.numbers, filepath.Join(f.root, fmt.Sprint("dev/bad", i)))
	}
	_, err = f.scan().find(t.Context(), "00")
	if !errors.Is(err, ErrNotFound) || !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "and 2 more") {
		t.Errorf("error %v", err)
	}
}

// threeVolumes is a machine with a volume on each of three disks, and their UUIDs
// in another order.
func threeVolumes(t *testing.T) (f *fakeMachine, uuids, names []string) {
	t.Helper()
	f = newFakeMachine(t)
	f.disk("nvme0n1", image(t, "metaecc-512"))
	f.disk("dasda", image(t, "classic-1024"))
	f.disk("zz-no-such-driver7", image(t, "heartbeat-512"))
	known := fixtures()
	uuids = []string{known["heartbeat-512"].UUID, strings.ToLower(known["classic-1024"].UUID), known["metaecc-512"].UUID}
	return f, uuids, []string{"zz-no-such-driver7", "dasda", "nvme0n1"}
}

func TestFindAll(t *testing.T) {
	f, uuids, names := threeVolumes(t)
	found, err := f.scan().findAll(t.Context(), uuids)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range found {
		if got := filepath.Base(v.Device); got != names[i] || !strings.EqualFold(v.UUID, uuids[i]) {
			t.Errorf("volume %d is %s on %s, want %s on %s", i, v.UUID, got, uuids[i], names[i])
		}
	}
	_, err = f.scan().findAll(t.Context(), append(uuids, "00112233445566778899AABBCCDDEEFF", "11112233445566778899AABBCCDDEEFF"))
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "UUID 00112233445566778899AABBCCDDEEFF, 11112233445566778899AABBCCDDEEFF:") {
		t.Errorf("error %v, want ErrNotFound with the two that are missing", err)
	}
}

// hang makes reads of the named devices never end, in the bubble of a synctest.
func hang(t *testing.T, s *scan, names ...string) {
	t.Helper()
	open, release := s.open, make(chan struct{})
	t.Cleanup(func() { close(release) })
	s.open = func(path string) (*Volume, error) {
		for _, name := range names {
			if filepath.Base(path) == name {
				<-release
				return nil, unix.EIO
			}
		}
		return open(path)
	}
}

// Disks that hang, more of them than are read at a time, hold nothing up for long.
func TestFindAllBesideHungDisks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, uuids, _ := threeVolumes(t)
		var hung []string
		for i := range 3 * scanners {
			hung = append(hung, fmt.Sprint("a", i))
			f.disk(hung[i], make([]byte, 4096))
		}
		s := f.scan()
		hang(t, s, hung...)
		begin := time.Now()
		if _, err := s.findAll(t.Context(), uuids); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 3*slowRead+findSettle {
			t.Errorf("it took %v with all found", took)
		}
		begin = time.Now()
		_, err := s.findAll(t.Context(), []string{"00112233445566778899AABBCCDDEEFF"})
		if !errors.Is(err, ErrNotFound) || !errors.Is(err, unix.ETIMEDOUT) || !strings.Contains(err.Error(), "a0: the disk does not answer") {
			t.Errorf("error %v, want ErrNotFound and a disk that does not answer", err)
		}
		if took := time.Since(begin); took != Patience {
			t.Errorf("it took %v with one missing, want %v", took, Patience)
		}
		survey, err := s.survey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(survey.Volumes) != 3 || len(survey.Problems) != len(hung) || !errors.Is(survey.Problems[0], unix.ETIMEDOUT) {
			t.Errorf("the survey has volumes %v, problems %v", f.devices(survey), survey.Problems)
		}
	})
}

// What is built on the disk does not answer, and may be what has to be used.
func TestFindAllBelowHungHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, uuids, _ := threeVolumes(t)
		f.hold("dasda", "dm-0")
		f.disk("dm-0", make([]byte, 4096))
		s := f.scan()
		hang(t, s, "dm-0")
		_, err := s.findAll(t.Context(), uuids)
		if !errors.Is(err, ErrNotFound) || !errors.Is(err, unix.ETIMEDOUT) || !strings.Contains(err.Error(), "part of dm-0, which cannot be read") {
			t.Errorf("error %v, want a refusal that names dm-0", err)
		}
	})
}

func TestFindAllCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := threeVolumes(t)
		s := f.scan()
		hang(t, s, "dasda")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.findAll(ctx, []string{"00"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want context.DeadlineExceeded", err)
		}
	})
}
