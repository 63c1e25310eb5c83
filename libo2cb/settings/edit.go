// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/textfile"
)

// Edited is what an edit did. Its JSON form is stable.
type Edited struct {
	Path    string    `json:"path"`    // symbolic links resolved
	Created bool      `json:"created"` // the file was not there
	Changed []Changed `json:"changed"` // in the order of the changes; none is no write
	// Findings are warnings about the file as it stands now.
	Findings Findings `json:"findings,omitempty"`
}

// Changed is a variable that has another value now.
type Changed struct {
	Variable string `json:"variable"`
	Was      string `json:"was"` // empty too when it was not set, or when only a shell could say
	Is       string `json:"is"`
}

// Edit gives variables of the settings file at path other values. A file that is not
// there is made from [Template], also without changes. Of one that is there, the
// value of the assignment that counts is replaced in its line, in its quotes; a variable that is
// missing gets a line behind its commented example, or behind the variable that
// precedes it in the template. All else stays byte for byte: comments, order, variables
// of others, export. A variable that has the value already is left alone; when
// all have, nothing is written.
//
// What Edit leaves a shell reads as this package does. A value that neither may have
// is a *ChangeError. A file that has errors is refused with an *InvalidError, unless
// the changes mend them; permissible ones that it had before are left alone.
//
// The file is locked, read again, compared and replaced as package textfile does it,
// through symbolic links: it keeps owner, mode and extended attributes, and at any
// moment it is the old or the new one. What fails there is a *textfile.Error; a wait for
// another editor ends with ctx (textfile.Wait without a deadline).
func Edit(ctx context.Context, path string, changes ...Change) (Edited, error) {
	for _, c := range changes {
		if err := c.Check(); err != nil {
			return Edited{Path: path}, err
		}
	}
	target, err := textfile.Resolve(path)
	if err != nil {
		return Edited{Path: path}, &textfile.Error{Op: "read", Path: path, Err: err}
	}
	lock, err := textfile.Acquire(ctx, target)
	if err != nil {
		return Edited{Path: target}, err
	}
	defer lock.Release()
	was, err := textfile.Read(target, MaxSize)
	if err != nil {
		return Edited{Path: target}, err
	}
	text := was.Text
	if !was.There {
		text = Template()
	}
	after, changed, findings, err := edit(target, text, changes)
	done := Edited{Path: target, Created: !was.There, Changed: changed, Findings: findings}
	if err == nil && (after != was.Text || !was.There) {
		err = lock.Replace(was, after)
	}
	if err != nil {
		return Edited{Path: target}, err
	}
	return done, nil
}

// EnableBoot sets O2CB_ENABLED in the settings file at path, as Edit does.
func EnableBoot(ctx context.Context, path string, enabled bool) (Edited, error) {
	return Edit(ctx, path, Change{Variable: Enabled, Value: boolean(enabled)})
}

// Mendable returns an *InvalidError with the errors of the file at path that no change
// of these variables could mend, so that nobody is asked for values in vain; nil when
// there is none, or no file. Another error is that of Load.
func Mendable(path string, variables ...string) error {
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &Error{Op: "read", Path: path, Err: err}
	}
	var changes []Change
	example := &reader{}
	example.lines(exampleValues)
	for _, a := range example.assignments {
		if slices.Contains(variables, a.name) {
			changes = append(changes, Change{Variable: a.name, Value: a.value})
		}
	}
	_, _, _, err = edit(path, string(text), changes)
	return err
}

// exampleValues may stand in any file.
const exampleValues = "O2CB_ENABLED=true\nO2CB_STACK=o2cb\nO2CB_BOOTCLUSTER=web\nO2CB_NODE=alpha\nO2CB_FENCE_METHOD=reset\n" +
	"O2CB_HEARTBEAT_THRESHOLD=31\nO2CB_IDLE_TIMEOUT_MS=30000\nO2CB_KEEPALIVE_DELAY_MS=2000\nO2CB_RECONNECT_DELAY_MS=2000\n"

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// edit returns the text with the changes, and the warnings about it.
func edit(name, text string, changes []Change) (string, []Changed, Findings, error) {
	if len(text) > MaxSize {
		_, findings := Parse(name, []byte(text))
		return "", nil, nil, findings.Err()
	}
	after, changed := text, []Changed{}
	for _, c := range changes {
		next, was, err := c.apply(after)
		if err != nil {
			return "", nil, nil, err
		}
		if next != after {
			after, changed = next, append(changed, Changed{Variable: c.Variable, Was: was, Is: c.Value})
		}
	}
	_, before := Parse(name, []byte(text))
	_, findings := Parse(name, []byte(after))
	if left := newErrors(before, findings); len(left) > 0 {
		return "", nil, nil, &InvalidError{Findings: left}
	}
	return after, changed, slices.DeleteFunc(findings, isError), nil
}

func isError(f Finding) bool { return f.Severity == cluster.SeverityError }

// newErrors returns the errors of after without the permissible ones of before.
func newErrors(before, after Findings) Findings {
	type same struct{ code, found string }
	had := map[same]bool{}
	for _, f := range before.Errors() {
		had[same{string(f.Code), f.Found}] = f.Permissible
	}
	var left Findings
	for _, f := range after.Errors() {
		if !f.Permissible || !had[same{string(f.Code), f.Found}] {
			left = append(left, f)
		}
	}
	return left
}

// errUnwritable is that no line of a settings file can hold a value.
var errUnwritable = errors.New("no line can hold it so that a shell reads the same")
