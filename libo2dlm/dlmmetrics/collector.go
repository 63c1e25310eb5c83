// SPDX-License-Identifier: Apache-2.0

package dlmmetrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// Source is where the statistics come from: a *libo2dlm.Domain.
type Source interface {
	Stats() libo2dlm.Stats
}

// metric is one of the metrics and where in the statistics it stands.
type metric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(s libo2dlm.Stats) float64
}

// Collector collects the statistics of one domain. It reads them when it is asked
// to, so it costs nothing between two scrapes.
type Collector struct {
	source  Source
	metrics []metric
}

var _ prometheus.Collector = (*Collector)(nil)

// New returns a collector of the source's statistics, whose metrics have the
// label "domain" of that value:
//
//	o2dlm_grants_total       locks that the kernel has granted to this process
//	o2dlm_cache_hits_total   calls that had their lock without asking the kernel
//	o2dlm_waits_total        calls that went into a queue of this process
//	o2dlm_hand_overs_total   locks given back while somebody wanted them
//	o2dlm_waiters            calls that wait
//	o2dlm_held               resources held or cached
//	o2dlm_requests           requests in the kernel, each with a thread
//	o2dlm_detached_requests  those of them that nobody waits for any more
func New(domain string, source Source) *Collector {
	c := &Collector{source: source}
	add := func(kind prometheus.ValueType, name, help string, value func(s libo2dlm.Stats) float64) {
		desc := prometheus.NewDesc("o2dlm_"+name, help, nil, prometheus.Labels{"domain": domain})
		c.metrics = append(c.metrics, metric{desc, kind, value})
	}
	const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue
	add(counter, "grants_total", "Locks that the kernel has granted to this process.",
		func(s libo2dlm.Stats) float64 { return float64(s.Grants) })
	add(counter, "cache_hits_total", "Calls that had their lock without asking the kernel.",
		func(s libo2dlm.Stats) float64 { return float64(s.CacheHits) })
	add(counter, "waits_total", "Calls that found the lock taken or wanted by this process.",
		func(s libo2dlm.Stats) float64 { return float64(s.Waits) })
	add(counter, "hand_overs_total", "Locks given back while somebody wanted them.",
		func(s libo2dlm.Stats) float64 { return float64(s.HandOvers) })
	add(gauge, "waiters", "Calls that wait for a lock.",
		func(s libo2dlm.Stats) float64 { return float64(s.Waiters) })
	add(gauge, "held", "Resources that this process holds or caches.",
		func(s libo2dlm.Stats) float64 { return float64(s.Held) })
	add(gauge, "requests", "Requests in the kernel, each with a thread.",
		func(s libo2dlm.Stats) float64 { return float64(s.Requests) })
	add(gauge, "detached_requests", "Requests in the kernel that nobody waits for any more.",
		func(s libo2dlm.Stats) float64 { return float64(s.Detached) })
	return c
}

// Describe sends the descriptions of all metrics.
func (c *Collector) Describe(descs chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		descs <- m.desc
	}
}

// Collect sends the metrics as they are now.
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	s := c.source.Stats()
	for _, m := range c.metrics {
		metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(s))
	}
}
