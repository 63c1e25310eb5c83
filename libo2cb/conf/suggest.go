// SPDX-License-Identifier: Apache-2.0

package conf

import "strings"

// maxCandidates bounds the work for one suggestion, so that a hostile file
// cannot make it quadratic in its size.
const maxCandidates = 64

// nearest returns the candidate that a misspelt word was probably meant to be,
// or nothing when none is near.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", 3
	for _, c := range candidates[:min(len(candidates), maxCandidates)] {
		if len(c) > len(word)+2 || len(word) > len(c)+2 || len(word) > 64 {
			continue
		}
		if strings.EqualFold(c, word) {
			return c
		}
		if d := distance(word, c); d < bestDistance && d < len(c) {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two words in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
