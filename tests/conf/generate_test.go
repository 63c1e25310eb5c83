// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// layout draws the blanks of a file.
type layout struct{ t *rapid.T }

func (l layout) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(l.t, label)
}

// attribute lays out one attribute.
func (l layout) attribute(name, value string) string {
	return l.pick("indent", "\t", " ", "    ", "\t ") + name + l.pick("before =", " ", "", "\t", "   ") + "=" +
		l.pick("after =", " ", "", "\t") + value + l.pick("end", "", " ", "\r", "\t \f", "\\\n") + "\n"
}

// stanza lays out a stanza with its attributes in some order.
func (l layout) stanza(kind string, attributes ...string) string {
	out := l.pick("above", "", "", "# a comment\n", "#\n# two\\\n") + kind + ":" + l.pick("after :", "", " ", "\t ") + "\n"
	for _, a := range rapid.Permutation(attributes).Draw(l.t, "order") {
		out += l.pick("between", "", "", "", "# inside\n") + a
	}
	return out + l.pick("below", "\n", "\n", "", " \t\n\n", "# below\n\n")
}

// validFile draws a file that is valid but for what is permissible: one to three
// clusters in some order and layout.
func validFile() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		l := layout{t}
		var stanzas []string
		for c := range rapid.IntRange(1, 3).Draw(t, "clusters") {
			name := fmt.Sprintf("%s%d", l.pick("cluster", "web", "a-b", "x.y", "with blank", "wé"), c)
			stanzas = append(stanzas, l.clusterStanzas(name)...)
		}
		text := l.pick("top", "", "# top\n\n", "\n \n") + strings.Join(rapid.Permutation(stanzas).Draw(t, "stanzas"), "")
		switch l.pick("end of file", "", "no newline", "NUL") {
		case "no newline":
			text = strings.TrimRight(text, " \t\r\n\f\\")
		case "NUL":
			text = strings.TrimRight(text, " \t\r\n\f\\") + "\n\x00\x00"
		}
		return text
	})
}

// clusterStanzas draws a cluster with its members.
func (l layout) clusterStanzas(name string) []string {
	nodes := rapid.IntRange(0, 4).Draw(l.t, "nodes")
	count := fmt.Sprintf("%s%d", l.pick("count form", "", "0", "+"), nodes)
	attributes := []string{l.attribute("name", name), l.attribute("node_count", count)}
	if mode := l.pick("mode", "", "local", "global", "GLObal"); mode != "" {
		attributes = append(attributes, l.attribute("heartbeat_mode", mode))
	}
	stanzas := []string{l.stanza("cluster", attributes...)}
	numbers := rapid.Permutation([]int{0, 1, 2, 9, 254}).Draw(l.t, "numbers")
	for i := range nodes {
		stanzas = append(stanzas, l.stanza("node",
			l.attribute("cluster", name),
			l.attribute("name", fmt.Sprintf("%s%d", l.pick("node", "n", "9n", "my.host", "a b", `\`), i)),
			l.attribute("number", fmt.Sprintf("%s%d", l.pick("number form", "", "00", "+"), numbers[i])),
			l.attribute("ip_address", fmt.Sprintf("10.1.%d.%d", i, rapid.IntRange(0, 255).Draw(l.t, "octet"))),
			l.attribute("ip_port", l.pick("port", "1", "7777", "65534", "07777")),
			l.attribute(l.pick("extra", "colour", "rack_1"), l.pick("value", "", "red # 1", `"x"`)),
		))
	}
	for i := range rapid.IntRange(0, 2).Draw(l.t, "regions") {
		stanzas = append(stanzas, l.stanza("heartbeat", l.attribute("cluster", name), l.attribute("region", fmt.Sprintf("%031XA", i))))
	}
	return stanzas
}

// anyFile draws a file of pieces that are mostly right and go together by chance.
func anyFile() *rapid.Generator[string] {
	value := rapid.SampledFrom([]string{
		"web", "web", "two", "a", "b", "0", "1", "7777", "10.0.0.1", "10.0.0.2", "local", "Global", "", "-1", "+2", "256", "65535", "70000",
		"4294967295", "4294967296", "-18446744073709551615", "2147483646", "2147483647", "0x1", "01.2.3.4", "1.2.3", "::1", "0.0.0.0",
		"we b", "w\\eb", "web\\", "\\\nweb", "we\\\nb", "\v5", "5\v", "we\xffb", "é", "a/b", "..", "= x", "# x", "\\",
	})
	word := rapid.SampledFrom([]string{"name", "name", "node_count", "cluster", "number", "ip_address", "ip_port", "region", "heartbeat_mode", "Name", "colour", "1", "na-me", ""})
	attribute := rapid.Custom(func(t *rapid.T) string {
		return layout{t}.attribute(word.Draw(t, "word"), value.Draw(t, "value"))
	})
	head := rapid.SampledFrom([]string{"cluster:\n", "cluster: \t\n", "node:\n", "node:\n", "heartbeat:\n", "Cluster:\n", "router:\n", "cluster\n", "node :\n", "node: x\n", " node:\n", "node:\r\n", "no-de:\n"})
	whole := rapid.SampledFrom([]string{
		"cluster:\n\tname = web\n\tnode_count = 1\n", "cluster:\n name=two\n node_count=0\n heartbeat_mode=global\n",
		"node:\n\tcluster = web\n\tname = a\n\tnumber = 0\n\tip_address = 10.0.0.1\n\tip_port = 7777\n",
		"node:\n\tcluster = web\n\tname = b\n\tnumber = 1\n\tip_address = 10.0.0.2\n\tip_port = 7777\n",
		"heartbeat:\n\tcluster = web\n\tregion = 77D95EF51C0149D2823674FCC162CF8B\n",
	})
	other := rapid.SampledFrom([]string{"\n", "\n", " \t\n", "# c\n", "#\n", "\t# c\n", "name = x\n", "\r\n", "\t\r\n", "\xff\n", "\ufeff", "-\n", "\x00", "\tname\n", "\tname x\n", "\f\n"})
	piece := rapid.OneOf(whole, whole, whole, attribute, head, other, rapid.Just("\n"))
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
	})
}
