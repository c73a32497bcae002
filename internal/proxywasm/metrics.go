package proxywasm

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// MetricType is the kind of a metric: proxy_metric_type_t.
type MetricType uint32

// The types of metrics.
const (
	MetricCounter   MetricType = 0
	MetricGauge     MetricType = 1
	MetricHistogram MetricType = 2
)

// Limits that keep a filter which makes up names from exhausting the host.
// Envoy has none.
const (
	maxMetrics       = 100_000
	maxMetricName    = 4 << 10
	maxMetricHandles = 1 << 20
)

// Metrics are the metrics that filters have defined. All VMs that are given the
// same Metrics share them: a name stands for one metric of each type, whichever
// VM defines it. It may be used from several goroutines.
type Metrics struct {
	mu     sync.Mutex
	byName map[metricName]*Metric
}

type metricName struct {
	kind MetricType
	name string
}

// NewMetrics returns an empty set.
func NewMetrics() *Metrics { return &Metrics{byName: map[metricName]*Metric{}} }

// Metric is one counter, gauge or histogram.
type Metric struct {
	// Name is the name as the filter gave it. Envoy's statistics put
	// "wasmcustom." in front.
	Name string
	Type MetricType

	value     atomic.Uint64
	histogram *Histogram // of a histogram only
}

// Value returns what a counter or a gauge stands at.
func (m *Metric) Value() uint64 { return m.value.Load() }

// Histogram returns what a histogram has recorded, nil for other types.
func (m *Metric) Histogram() *Histogram { return m.histogram }

// All returns the metrics sorted by name, then by type.
func (s *Metrics) All() []*Metric {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Metric, 0, len(s.byName))
	for _, m := range s.byName {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *Metric) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
	return all
}

// define returns the metric of that name, nil when there are too many.
func (s *Metrics) define(kind MetricType, name []byte) *Metric {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.byName[metricName{kind, string(name)}]; ok {
		return m
	}
	if len(s.byName) >= maxMetrics || len(name) > maxMetricName {
		return nil
	}
	m := &Metric{Name: string(name), Type: kind}
	if kind == MetricHistogram {
		m.histogram = &Histogram{}
	}
	s.byName[metricName{kind, m.Name}] = m
	return m
}
