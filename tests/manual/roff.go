// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
)

// Page is one page of the manual.
type Page struct {
	Name     string // "o2cb_ctl.8"
	Markdown string
}

// Pages reads all pages below the root of the repository.
func Pages(root string) ([]Page, error) {
	files, err := filepath.Glob(filepath.Join(root, "docs/man/*.md"))
	if err != nil {
		return nil, err
	}
	var pages []Page
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		pages = append(pages, Page{strings.TrimSuffix(filepath.Base(file), ".md"), string(text)})
	}
	if len(pages) == 0 {
		return nil, fmt.Errorf("no page in %s", filepath.Join(root, "docs/man"))
	}
	return pages, nil
}

// title is the first line of a page.
var title = regexp.MustCompile(`^# ([a-z0-9_.]+)\(([1-9])\)\n`)

// Roff returns the page for man(1). Version stands in its footer. There is no date, so
// that the same sources give the same page.
func (p Page) Roff(version string) ([]byte, error) {
	m := title.FindStringSubmatch(p.Markdown)
	if m == nil || m[1]+"."+m[2] != p.Name {
		return nil, fmt.Errorf("page %s does not begin with its name and section, as in \"# o2cb(8)\"", p.Name)
	}
	head := fmt.Sprintf("# %s %s \"\" \"o2cb-go %s\" \"O2CB\"\n", strings.ToUpper(m[1]), m[2], version)
	return plainHyphens(layout(md2man.Render([]byte(head + p.Markdown[len(m[0]):])))), nil
}

// bold is text of a command line inside a paragraph.
var bold = regexp.MustCompile(`\\f[BI].*?\\f[PR]`)

// layout indents examples, and keeps words whole: md2man asks for it before the title, where
// that does not count, and in a way that the macros undo.
func layout(roff []byte) []byte {
	text := strings.TrimPrefix(string(roff), ".nh\n")
	head, body, _ := strings.Cut(strings.TrimLeft(text, "\n"), "\n")
	body = strings.NewReplacer("\n.EX\n", "\n.PP\n.RS 4\n.EX\n", "\n.EE\n", "\n.EE\n.RE\n").Replace(body)
	return []byte(head + "\n.nr HY 0\n.nh\n" + body)
}

// plainHyphens makes what a reader may copy into a shell copyable: groff prints "-" and
// "'" as typographic characters unless told otherwise.
func plainHyphens(roff []byte) []byte {
	typewriter := strings.NewReplacer("-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)
	var out bytes.Buffer
	example := false
	for line := range strings.Lines(string(roff)) {
		switch {
		case line == ".EX\n":
			example = true
		case line == ".EE\n":
			example = false
		case example:
			line = typewriter.Replace(line)
		case !strings.HasPrefix(line, ".") || strings.HasPrefix(line, ".SS"):
			line = bold.ReplaceAllStringFunc(line, func(s string) string { return strings.ReplaceAll(s, "-", `\-`) })
			line = strings.ReplaceAll(line, "--", `\-\-`)
		}
		out.WriteString(line)
	}
	return out.Bytes()
}
