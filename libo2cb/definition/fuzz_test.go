// SPDX-License-Identifier: Apache-2.0

package definition

import (
	"reflect"
	"strings"
	"testing"
	"unicode"
)

// FuzzRead holds what must be true of every text: it is read without a panic,
// every finding is in one line and at a place of the text, and what has no error
// can be written in both forms and comes back as it was.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		webTOML, webJSON, "", "{", "clusters=[]", "clusters=[{name='a',nodes=[{name='n',number=0,address='10.0.0.1'}]}]",
		"[a.b]\n[[c]]\n\"d\".'e'.f=1979-05-27\n[[c.g]]", "x='''\n'''\ny=\"\"\"\\\"\"\"\"\"", "{\"clusters\":[{}]}", "a={b={c=[[1],[2.5,inf]]}}", "[[clusters]]\r\nname='a' # c\r\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, findings := Read("def", text)
		lines := strings.Count(string(text), "\n") + 1
		for _, finding := range findings {
			if finding.Line < 1 || finding.Line > lines || finding.Column < 1 || finding.Column > len(text)+1 {
				t.Errorf("finding out of place: %v", finding)
			}
			if strings.ContainsFunc(finding.String(), unicode.IsControl) {
				t.Errorf("finding with control characters: %q", finding)
			}
		}
		if findings.ErrPermissive() != nil {
			return
		}
		for _, format := range []Format{TOML, JSON} {
			written, err := d.Write(format)
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if back, findings := Read("def", written); findings.ErrPermissive() != nil || !reflect.DeepEqual(back, d) {
				t.Errorf("%s: %+v came back as %+v, %v", format, d, back, findings)
			}
		}
	})
}
