package proxy

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

// Metrics are counters for Prometheus. They know providers and statuses, and nothing of accounts. It
// is an http.Handler. Make one with [NewMetrics].
type Metrics struct {
	set *metrics.Set

	counters   sync.Map // of counter
	histograms sync.Map // of counter
	now        atomic.Int64
}

// counter names one by its name and its labels. It is made when it is first needed.
type counter struct {
	name, provider string
	status         int
}

func (c counter) String() string {
	if c.status == 0 {
		return fmt.Sprintf("%s{provider=%q}", c.name, c.provider)
	}
	return fmt.Sprintf("%s{provider=%q,status=\"%d\"}", c.name, c.provider, c.status)
}

// NewMetrics returns counters that stand at zero.
func NewMetrics() *Metrics {
	m := &Metrics{set: metrics.NewSet()}
	m.set.NewGauge("kyoli_proxy_open_answers", func() float64 { return float64(m.now.Load()) })
	return m
}

// ServeHTTP writes them in the text format of Prometheus.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	m.set.WritePrometheus(w)
}

// Tried counts a request that was sent to a provider.
func (m *Metrics) Tried(provider string) {
	m.add(counter{name: "kyoli_tries_total", provider: provider})
}

// Switched counts an account that took over from another.
func (m *Metrics) Switched(provider string) {
	m.add(counter{name: "kyoli_switches_total", provider: provider})
}

// Limited counts a limit that an account met.
func (m *Metrics) Limited(provider string) {
	m.add(counter{name: "kyoli_limits_total", provider: provider})
}

// Refreshed counts a token that was renewed.
func (m *Metrics) Refreshed(provider string) {
	m.add(counter{name: "kyoli_refreshes_total", provider: provider})
}

func (m *Metrics) add(c counter) {
	if known, ok := m.counters.Load(c); ok {
		known.(*metrics.Counter).Inc()
		return
	}
	made, _ := m.counters.LoadOrStore(c, m.set.GetOrCreateCounter(c.String()))
	made.(*metrics.Counter).Inc()
}

// bounds are those of latencies, in seconds: a model may think for minutes.
var bounds = []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}

func (m *Metrics) update(c counter, seconds float64) {
	if known, ok := m.histograms.Load(c); ok {
		known.(*metrics.PrometheusHistogram).Update(seconds)
		return
	}
	made, _ := m.histograms.LoadOrStore(c, m.set.GetOrCreatePrometheusHistogramExt(c.String(), bounds))
	made.(*metrics.PrometheusHistogram).Update(seconds)
}

// count takes in a request that was answered.
func (m *Metrics) count(r *Record) {
	m.add(counter{name: "kyoli_proxy_requests_total", provider: r.Provider, status: r.Status})
	if r.Provider == "" || r.First == 0 {
		return
	}
	m.update(counter{name: "kyoli_proxy_first_byte_seconds", provider: r.Provider}, r.First.Seconds())
	m.update(counter{name: "kyoli_proxy_request_seconds", provider: r.Provider}, r.Took.Seconds())
}

func (m *Metrics) open(n int64) { m.now.Add(n) }
