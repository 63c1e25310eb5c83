// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDirectoryName is the longest name of a directory in configfs in bytes:
// NAME_MAX in include/uapi/linux/limits.h, checked by configfs_lookup.
const maxDirectoryName = 255

// CheckClusterName returns the rules that a cluster's name breaks: 1 to
// MaxClusterName characters of [-a-zA-Z0-9_], the first one a letter.
//
// The kernel takes any directory name and the C loader any text, so that most
// of it is permissible; a name that could leave its directory never is.
func CheckClusterName(name string) []Violation {
	broken := checkDirectoryName("cluster name", name)
	if broken != nil {
		return broken
	}
	if len(name) > MaxClusterName {
		broken = append(broken, tooLong("cluster name", name, MaxClusterName, len(name) <= maxDirectoryName))
	}
	broken = append(broken, checkCharacters("cluster name", name)...)
	if first := name[0]; isWord(first) && !isLetter(first) {
		broken = append(broken, Violation{
			Code: CodeNameStart, Severity: SeverityError, Permissible: true,
			Found:    fmt.Sprintf("cluster name %q starts with %q", shorten(name), first),
			Expected: "a letter first",
			Mend:     "rename the cluster here and in all its nodes",
		})
	}
	return broken
}

// CheckNodeName returns the rules that a node's name breaks: 1 to MaxNodeName
// characters of [-a-zA-Z0-9_], the first one a letter. A leading digit is a
// warning, because host names may have one.
func CheckNodeName(name string) []Violation {
	broken := checkDirectoryName("node name", name)
	if broken != nil {
		return broken
	}
	if len(name) > MaxNodeName {
		broken = append(broken, tooLong("node name", name, MaxNodeName, false))
	}
	broken = append(broken, checkCharacters("node name", name)...)
	first := name[0]
	if !isWord(first) || isLetter(first) {
		return broken
	}
	start := Violation{
		Code: CodeNameStart, Severity: SeverityError, Permissible: true,
		Found:    fmt.Sprintf("node name %q starts with %q", shorten(name), first),
		Expected: "a letter first",
		Mend:     "name the node after its host, which starts with a letter or a digit",
	}
	if first >= '0' && first <= '9' {
		start.Severity, start.Permissible = SeverityWarning, false
		start.Mend = "nothing breaks; a name that starts with a letter is safer"
	}
	return append(broken, start)
}

// CheckRegionName returns the rules that a heartbeat region's name breaks: the
// UUID of a volume, 32 upper-case hexadecimal digits. The kernel takes any name
// of at most MaxRegionName bytes, but no volume is found by another form.
func CheckRegionName(name string) []Violation {
	broken := checkDirectoryName("region", name)
	if broken != nil {
		return broken
	}
	if len(name) > MaxRegionName {
		v := tooLong("region", name, MaxRegionName, false)
		v.Mend = regionMend(name)
		return append(broken, v)
	}
	if isUUID(name) {
		return nil
	}
	return append(broken, Violation{
		Code: CodeRegionFormat, Severity: SeverityError, Permissible: true,
		Found:    fmt.Sprintf("region %q", name),
		Expected: "the volume's UUID: 32 upper-case hexadecimal digits without dashes",
		Mend:     regionMend(name),
	})
}

// regionMend says how to write a region right.
func regionMend(name string) string {
	if uuid := strings.ToUpper(strings.ReplaceAll(name, "-", "")); isUUID(uuid) {
		return "write " + uuid
	}
	return "mounted.ocfs2 -d shows the UUID of each volume"
}

// checkDirectoryName refuses what can be no name of a directory, or the name of another one.
func checkDirectoryName(what, name string) []Violation {
	if name == "" {
		return []Violation{{
			Code: CodeNameEmpty, Severity: SeverityError,
			Found: "an empty " + what, Expected: "a name", Mend: "write one",
		}}
	}
	if why := unsafe(name); why != "" {
		return []Violation{{
			Code: CodeNameUnsafe, Severity: SeverityError,
			Found:    fmt.Sprintf("%s %q has %s", what, shorten(name), why),
			Expected: "a name that can be a directory's, of [-a-zA-Z0-9_]",
			Mend:     "take it out",
		}}
	}
	return nil
}

// unsafe says what makes a name dangerous or unreadable as a directory's, or nothing.
func unsafe(name string) string {
	switch {
	case strings.Contains(name, "/"):
		return `a "/"`
	case strings.Contains(name, ".."):
		return `".."`
	case name == ".":
		return `nothing but a "."`
	case strings.ContainsFunc(name, unicode.IsControl):
		return "a control character"
	}
	return ""
}

func tooLong(what, name string, limit int, permissible bool) Violation {
	return Violation{
		Code: CodeNameTooLong, Severity: SeverityError, Permissible: permissible,
		Found:    fmt.Sprintf("%s %q has %d bytes", what, shorten(name), len(name)),
		Expected: fmt.Sprintf("at most %d", limit),
		Mend:     "shorten it",
	}
}

func checkCharacters(what, name string) []Violation {
	bad := strings.IndexFunc(name, func(r rune) bool { return r > unicode.MaxASCII || !isWord(byte(r)) })
	if bad < 0 {
		return nil
	}
	character, _ := utf8.DecodeRuneInString(name[bad:])
	mend := "use only these characters"
	if better := strings.Map(wordOrDash, name); isLetter(better[0]) {
		mend = fmt.Sprintf("write %q, here and wherever the name stands", shorten(better))
	}
	return []Violation{{
		Code: CodeNameCharacters, Severity: SeverityError, Permissible: true,
		Found:    fmt.Sprintf("%s %q has %q", what, shorten(name), character),
		Expected: "only letters, digits, '-' and '_'",
		Mend:     mend,
	}}
}

// shorten cuts a name that would fill the screen.
func shorten(name string) string {
	const most = 80
	if len(name) <= most {
		return name
	}
	return name[:most] + "..."
}

func wordOrDash(r rune) rune {
	if r <= unicode.MaxASCII && isWord(byte(r)) {
		return r
	}
	return '-'
}

func isWord(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '-' || c == '_'
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isUUID tells the form that the C tools give a volume's UUID.
func isUUID(name string) bool {
	return len(name) == MaxRegionName && strings.Trim(name, "0123456789ABCDEF") == ""
}
