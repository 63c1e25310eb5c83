// SPDX-License-Identifier: Apache-2.0

//go:build race

package lab

// raceDetector says whether this program was built with -race.
const raceDetector = true
