// SPDX-License-Identifier: Apache-2.0

package definition

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

func outcome(findings cluster.Findings) []string {
	var all []string
	for _, f := range findings {
		text := fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Code)
		if f.Severity == cluster.SeverityWarning {
			text += "?"
		}
		all = append(all, text)
	}
	return all
}

func TestReadFindsAllAtTheirLines(t *testing.T) {
	const oneNode = "\n[[clusters.nodes]]\nname='a'\nnumber=0\naddress='10.0.0.1'\n"
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"minimal TOML", "clusters=[{name='web'}]", nil},
		{"minimal JSON", ` {"clusters":[{"name":"web"}]}`, nil},
		{"defaults", "[[clusters]]\nname='web'" + oneNode, nil},
		{"nothing", "", []string{"1:1 missing-key"}},
		{"broken TOML", "version = 1\nclusters = [", []string{"2:12 syntax"}},
		{"broken JSON", "{\n \"version\" 1}", []string{"2:12 syntax"}},
		{"JSON that ends", "{\n", []string{"2:1 syntax"}},
		{"JSON with more", "{\"clusters\":[]}\n {}", []string{"2:2 syntax"}},
		{"JSON list", "[1]", []string{"1:1 unknown-key", "1:1 missing-key"}}, // to TOML it is a table called 1
		{"JSON deep", `{"clusters":` + strings.Repeat("[", 100), []string{"1:44 syntax"}},
		{"TOML deep", "clusters=" + strings.Repeat("[", 1<<19), []string{"1:42 syntax"}},
		{"TOML tables deep", "a=1\nx=" + strings.Repeat("{a=", 1<<18), []string{"2:99 syntax"}},
		{"TOML key deep", strings.Repeat("a.", 1<<18) + "b=1", []string{"1:66 syntax"}},
		{"TOML header deep", "[" + strings.Repeat("a.", 1<<18) + "b]", []string{"1:67 syntax"}},
		{"TOML deep only to the eye", "clusters=[] # " + strings.Repeat("[.", 99) + "\nx='''" + strings.Repeat("{.", 99) + "'''", []string{"2:1 unknown-key"}},
		{"JSON key twice", "{\"version\":1,\n\"version\":1}", []string{"2:1 repeated-key"}},
		{"TOML key twice", "version=1\nversion=1\n", []string{"2:1 syntax"}},
		{"version", "version = 2\nclusters=[]", []string{"1:1 version"}},
		{"version of a text", "version = '1'\nclusters=[]", []string{"1:1 type"}},
		{"unknown keys", "clusters=[]\nx=1\n[y]\nz=1", []string{"2:1 unknown-key", "3:1 unknown-key"}},
		{"unknown key in the first of two", "[[clusters]]\nname='a'\nnmae='a'\n[[clusters]]\nname='b'\n", []string{"3:1 unknown-key"}},
		{"unknown key of a node", "[[clusters]]\nname='a'" + oneNode + "local=true", []string{"7:1 unknown-key"}},
		{"unknown key in one line", "clusters=[{name='a'},\n {name='b', x=[{y=1}, 2]}]", []string{"2:13 unknown-key"}},
		{"unknown JSON key", "{\"clusters\":[\n{\"name\":\"a\"},\n{\"name\":\"b\", \"x\":1}]}", []string{"3:14 unknown-key"}},
		{"case counts", "Clusters=[]", []string{"1:1 unknown-key", "1:1 missing-key"}},
		{"types", "clusters=[{name=1, heartbeat_mode=2, regions='x', timing=3, nodes={}}, 7]", []string{
			"1:12 type", "1:20 type", "1:38 type", "1:51 type", "1:61 type", "1:72 type"}},
		{"types of a node", "[[clusters]]\nname='a'\n[[clusters.nodes]]\nname=1\nnumber='0'\naddress=2\nport=1.5", []string{"4:1 type", "5:1 type", "6:1 type", "7:1 type"}},
		{"JSON null", `{"clusters":null}`, []string{"1:2 type"}},
		{"JSON fraction", `{"clusters":[{"name":"a","timing":{"dead_threshold":7.5}}]}`, []string{"1:36 type"}},
		{"missing keys", "clusters=[{nodes=[{}]}]", []string{"1:11 missing-key", "1:19 missing-key", "1:19 missing-key", "1:19 missing-key"}},
		{"rules", "[[clusters]]\nname='../a'\nheartbeat_mode='x'\nregions=['a',\n '']" + oneNode + "port=0", []string{
			"2:1 name-unsafe", "3:1 heartbeat-mode", "4:10 region-format", "5:2 name-empty", "10:1 port-range"}},
		{"warnings", "[[clusters]]\nname='a'\nregions=['a']\ntiming={dead_threshold=3}", []string{"3:10 region-format?", "4:9 timing-low?"}},
		{"empty mode", "[[clusters]]\nname='a'\nheartbeat_mode=''", []string{"3:1 heartbeat-mode"}},
		{"address", "[[clusters]]\nname='a'\n[[clusters.nodes]]\nname='a'\nnumber=0\naddress='host'", []string{"6:1 address-invalid"}},
		{"IPv6", "[[clusters]]\nname='a'\n[[clusters.nodes]]\nname='a'\nnumber=0\naddress='fe80::1'", []string{"6:1 address-ipv6"}},
		{"numbers too large", "[[clusters]]\nname='a'\n[[clusters.nodes]]\nname='a'\nnumber=4294967296\naddress='10.0.0.1'\nport=4294967297", []string{"5:1 number-range", "7:1 port-range"}},
		{"duplicates", "[[clusters]]\nname='a'" + oneNode + oneNode, []string{"9:1 duplicate-name", "10:1 duplicate-number", "11:1 duplicate-address"}},
		{"cluster twice", "[[clusters]]\nname='a'\n[[clusters]]\nname='a'", []string{"4:1 duplicate-cluster"}},
		{"timing", "[[clusters]]\nname='a'\n[clusters.timing]\ndead_threshold=0\nidle_timeout_ms=-1\nreconnect_delay_ms=99999999999\nfence_method='x'", []string{
			"4:1 timing-range", "5:1 timing-range", "6:1 timing-range", "7:1 fence-method"}},
		{"empty fence method", "clusters=[{name='a', timing={fence_method=''}}]", []string{"1:30 fence-method"}},
		{"keepalive", "[[clusters]]\nname='a'\ntiming.idle_timeout_ms=5000\ntiming.keepalive_delay_ms=5000", []string{"4:1 keepalive-idle"}},
		{"comments and texts that look like keys", "# x=1\nclusters=[ # nodes\n{name='a', # name\n},\n{\"name\"=\"\"\"#\n\\\"\"\"\"\",'x'=''}]", []string{
			"5:2 name-unsafe", "6:8 unknown-key"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, findings := Read("def", []byte(test.text))
			if got := outcome(findings); !slices.Equal(got, test.want) {
				t.Errorf("%q: want %q", findings, test.want)
			}
			for _, f := range findings {
				if f.File != "def" || f.Found == "" || f.Expected == "" || f.Mend == "" {
					t.Errorf("something is missing in %+v", f)
				}
			}
		})
	}
}

func TestReadIsBounded(t *testing.T) {
	text := "clusters=[]#" + strings.Repeat("x", MaxSize-12)
	if _, findings := Read("def", []byte(text)); findings != nil {
		t.Errorf("a text of the largest size: %v", findings)
	}
	if _, findings := Read("def", []byte(text+"x")); !slices.Equal(outcome(findings), []string{"1:1 file-too-large"}) {
		t.Errorf("a larger one: %v", findings)
	}
}
