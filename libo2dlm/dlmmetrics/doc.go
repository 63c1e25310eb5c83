// SPDX-License-Identifier: Apache-2.0

// Package dlmmetrics shows the statistics of libo2dlm to Prometheus.
//
//	prometheus.MustRegister(dlmmetrics.New("myapp", domain))
//
// Each domain of a process is a collector of its own, told apart by the label
// "domain". It is a package of its own so that programs without metrics do not
// carry the Prometheus client.
package dlmmetrics
