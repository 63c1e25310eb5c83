// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// trailing is what the C tools drop at the end of a value: isspace(3) without
// the vertical tab, as GLib's g_ascii_isspace has it.
const trailing = " \t\r\n\f"

// decode turns the raw bytes of a value into the value. atEOF says that the end
// of the file ended it, which drops a backslash there.
func decode(raw string, atEOF bool) string {
	if atEOF {
		raw = strings.TrimSuffix(raw, `\`)
	}
	return strings.TrimRight(strings.ReplaceAll(raw, "\\\n", "\n"), trailing)
}

// encode is the inverse of decode for a value that ends with a newline in the
// file. A backslash at the end gets a blank behind it, which readers drop;
// the C tools forget that and write a file that says something else.
func encode(value string) string {
	raw := strings.ReplaceAll(value, "\n", "\\\n")
	if strings.HasSuffix(raw, `\`) {
		return raw + " "
	}
	return raw
}

// checkValue refuses what no file can say.
func checkValue(value string) error {
	switch {
	case strings.Contains(value, "\x00"):
		return fmt.Errorf("value %q: a NUL byte ends the file for the C tools", value)
	case strings.TrimLeft(value, " \t") != value || strings.TrimRight(value, trailing) != value:
		return fmt.Errorf("value %q: readers drop blanks at its ends", value)
	}
	return nil
}

// What parseNumber finds wrong.
var (
	errNotDecimal = errors.New("not a decimal number")
	errOutOfRange = errors.New("out of range")
)

// parseNumber reads a number as the C tools do, with strtoul(3) of base 10 on
// 64 bits: white space and one sign may stand before the digits, nothing behind.
// A minus sign negates modulo 2^64.
func parseNumber(text string, most uint64) (uint64, error) {
	digits := strings.TrimLeft(text, " \t\n\v\f\r")
	negative := strings.HasPrefix(digits, "-")
	if negative || strings.HasPrefix(digits, "+") {
		digits = digits[1:]
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, errNotDecimal
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, errOutOfRange
	}
	if negative {
		n = -n
	}
	if n > most {
		return 0, errOutOfRange
	}
	return n, nil
}
