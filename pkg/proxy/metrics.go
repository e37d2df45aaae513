package proxy

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/VictoriaMetrics/metrics"
)

// Metrics are counters for Prometheus. They know providers and statuses, and nothing of accounts. It
// is an http.Handler. Make one with [NewMetrics].
type Metrics struct {
	set *metrics.Set

	mu    sync.Mutex
	known map[string]*metrics.Counter
	times map[string]*metrics.PrometheusHistogram
	now   int // answers under way
}

// NewMetrics returns counters that stand at zero.
func NewMetrics() *Metrics {
	m := &Metrics{set: metrics.NewSet(), known: map[string]*metrics.Counter{}, times: map[string]*metrics.PrometheusHistogram{}}
	m.set.NewGauge("kyoli_proxy_open_answers", func() float64 {
		m.mu.Lock()
		defer m.mu.Unlock()
		return float64(m.now)
	})
	return m
}

// ServeHTTP writes them in the text format of Prometheus.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	m.set.WritePrometheus(w)
}

// Tried counts a request that was sent to a provider.
func (m *Metrics) Tried(provider string) { m.add("kyoli_tries_total", provider) }

// Switched counts an account that took over from another.
func (m *Metrics) Switched(provider string) { m.add("kyoli_switches_total", provider) }

// Limited counts a limit that an account met.
func (m *Metrics) Limited(provider string) { m.add("kyoli_limits_total", provider) }

// Refreshed counts a token that was renewed.
func (m *Metrics) Refreshed(provider string) { m.add("kyoli_refreshes_total", provider) }

func (m *Metrics) add(name, provider string) {
	m.counter(fmt.Sprintf("%s{provider=%q}", name, provider)).Inc()
}

func (m *Metrics) counter(name string) *metrics.Counter {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.known[name]
	if c == nil {
		c = m.set.NewCounter(name)
		m.known[name] = c
	}
	return c
}

// count takes in a request that was answered.
func (m *Metrics) count(r *Record) {
	m.counter(fmt.Sprintf("kyoli_proxy_requests_total{provider=%q,status=\"%d\"}", r.Provider, r.Status)).Inc()
	if r.Provider == "" || r.First == 0 {
		return
	}
	m.histogram(fmt.Sprintf("kyoli_proxy_first_byte_seconds{provider=%q}", r.Provider)).Update(r.First.Seconds())
	m.histogram(fmt.Sprintf("kyoli_proxy_request_seconds{provider=%q}", r.Provider)).Update(r.Took.Seconds())
}

// bounds are those of latencies, in seconds: a model may think for minutes.
var bounds = []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}

func (m *Metrics) histogram(name string) *metrics.PrometheusHistogram {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.times[name]
	if h == nil {
		h = m.set.NewPrometheusHistogramExt(name, bounds)
		m.times[name] = h
	}
	return h
}

func (m *Metrics) open(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now += n
}
