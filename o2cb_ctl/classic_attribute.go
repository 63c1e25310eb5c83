// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"syscall"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// attributeOnline is no attribute of the file: it asks for the kernel's cluster.
const attributeOnline = "online"

// attributeStatus is what -I tells last of each object.
const attributeStatus = "status"

// attribute is one -a NAME, NAME=VALUE or NAME==VALUE.
type attribute struct {
	name  string
	value string
	given bool // it has a value, if only an empty one
}

// attributes are all of a command line, in its order.
type attributes []attribute

// parseAttribute reads the argument of -a. The manual writes a comparison with
// two equals signs, the C program splits at the first: no value of an attribute
// starts with one, so both mean the same.
func parseAttribute(text string) (attribute, error) {
	name, value, given := strings.Cut(text, "=")
	if name == "" {
		return attribute{}, misusef(syscall.EINVAL, "attribute %q has no name", text)
	}
	return attribute{name, strings.TrimPrefix(value, "="), given}, nil
}

// validAttributes are the names that -a takes for each kind of object.
func validAttributes(kind cluster.Kind) []string {
	switch kind {
	case cluster.KindCluster:
		return []string{cluster.AttributeName, attributeOnline}
	case cluster.KindNode:
		return []string{cluster.AttributeName, cluster.AttributeCluster, cluster.AttributeNumber, cluster.AttributeAddress, cluster.AttributePort}
	}
	return []string{cluster.AttributeRegion, cluster.AttributeCluster}
}

// check refuses an attribute that objects of a kind do not have.
func (as attributes) check(kind cluster.Kind) error {
	for _, a := range as {
		if valid := validAttributes(kind); !slices.Contains(valid, a.name) {
			return refusalf(syscall.EINVAL, "invalid attribute: %q; a %s has %s", a.name, kind, strings.Join(valid, ", "))
		}
	}
	return nil
}

// find returns the first attribute of a name, as the C program does; nil when
// there is none.
func (as attributes) find(name string) *attribute {
	for i := range as {
		if as[i].name == name {
			return &as[i]
		}
	}
	return nil
}

// value returns the value of the first attribute of a name; empty without one.
func (as attributes) value(name string) string {
	if a := as.find(name); a != nil {
		return a.value
	}
	return ""
}

// listed returns the names that stand without a value: what -I is to print.
func (as attributes) listed() []string {
	var names []string
	for _, a := range as {
		if !a.given && !slices.Contains(names, a.name) {
			names = append(names, a.name)
		}
	}
	return names
}

// matches tells whether a record has every value that is asked for.
func (as attributes) matches(r record) bool {
	for _, a := range as {
		if a.given && !a.sameAs(r.value(a.name)) {
			return false
		}
	}
	return true
}

// sameAs compares the attribute with a value of an object; online by its meaning.
func (a attribute) sameAs(value string) bool {
	if a.name != attributeOnline {
		return a.value == value
	}
	asked, err := parseBool(a)
	return err == nil && asked == (value == "true")
}
