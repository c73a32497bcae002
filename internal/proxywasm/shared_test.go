package proxywasm

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	all := NewMetrics()
	config := PluginConfig{Metrics: all, Configuration: []byte(strings.Join([]string{
		"configure define 0 c", "configure keep c", "configure increment $c 2", "configure define 0 c", "configure metric $_",
		"configure define 1 c", "configure record $_ 9", "configure define 2 c", "configure record $_ 7", "configure metric $_",
		"configure increment 8 -1", "configure increment 12 1", "configure record 13 1", "configure metric 3",
	}, "\n"))}
	f := startWith(t, config)
	f.wantLogs("configure define 0: 0 4", "configure increment $c: 0", "configure define 0: 0 8", "configure metric $_: 0 2",
		"configure define 1: 0 5", "configure record $_: 0", "configure define 2: 0 6", "configure record $_: 0", "configure metric $_: 2 0",
		"configure increment 8: 2", "configure increment 12: 1", "configure record 13: 1", "configure metric 3: 2 0")
	_ = startWith(t, config) // another VM adds to the same
	var got []string
	for _, m := range all.All() {
		got = append(got, fmt.Sprintf("%s %d %d", m.Name, m.Type, m.Value()))
	}
	if text := strings.Join(got, ", "); text != "c 0 4, c 1 9, c 2 0" {
		t.Errorf("got %s", text)
	}
	if s := all.All()[2].Histogram().Summary(); s.Count != 2 {
		t.Errorf("summary %+v", s)
	}
}

func TestMetricLimits(t *testing.T) {
	t.Parallel()
	all := NewMetrics()
	if all.define(MetricCounter, make([]byte, maxMetricName+1)) != nil {
		t.Error("a name of any length")
	}
	for i := range maxMetrics {
		all.byName[metricName{MetricGauge, fmt.Sprint(i)}] = nil
	}
	if all.define(MetricCounter, []byte("one more")) != nil {
		t.Error("any number of metrics")
	}
}

// TestHistogram compares with the figures of a real Envoy 1.40.
func TestHistogram(t *testing.T) {
	t.Parallel()
	var h Histogram
	if s := h.Summary(); s.Quantiles != nil || s.Count != 0 {
		t.Errorf("empty: %+v", s)
	}
	for _, v := range []int64{5, 5, 17, 123456, 0, 999, 1000} {
		h.record(v)
	}
	s := h.Summary()
	want := []float64{0, 5.033333333333333, 17.5, 1050, 125000, 125000, 125000, 125000, 125000, 125000}
	for i, q := range s.Quantiles {
		if math.Abs(q-want[i]) > 1e-9 {
			t.Errorf("quantile %d: %v, want %v", i, q, want[i])
		}
	}
	if math.Abs(s.Sum-126870.17864617760642431676387787) > 1e-9 || s.Count != 7 {
		t.Errorf("sum %v of %d", s.Sum, s.Count)
	}
	buckets := []uint64{1, 1, 3, 3, 4, 4, 4, 4, 4, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7}
	for i, n := range s.Buckets {
		if n != buckets[i] {
			t.Errorf("bucket %d: %d, want %d", i, n, buckets[i])
		}
	}
}

// TestHistogramBins holds that every value is within its bin.
func TestHistogramBins(t *testing.T) {
	t.Parallel()
	for _, v := range []int64{0, 1, 9, 10, 11, 99, 100, 101, 109, 110, 999, 1 << 40, math.MaxInt64, -1, -10, -15, -101, math.MinInt64} {
		b := binOf(v)
		low, high, value := b.at(0), b.at(1), float64(v)
		slack := math.Abs(value) * 1e-12
		if value < low-slack || value > high+slack || b.middle() < low-slack || b.middle() > high+slack {
			t.Errorf("%d is not in %v to %v (middle %v)", v, low, high, b.middle())
		}
	}
}

func TestSharedData(t *testing.T) {
	t.Parallel()
	s := NewShared()
	if _, ok := s.get("vm", []byte("k")); ok {
		t.Error("a value of nothing")
	}
	steps := []struct {
		vm, value string
		cas       uint32
		want      Status
	}{
		{"vm", "one", 77, StatusOK}, // there is none to compare with
		{"other", "two", 0, StatusOK},
		{"vm", "three", 2, StatusCasMismatch},
		{"vm", "four", 1, StatusOK},
		{"vm", "five", 0, StatusOK},
	}
	for _, step := range steps {
		if got := s.set(step.vm, []byte("k"), []byte(step.value), step.cas); got != step.want {
			t.Errorf("%+v: %v", step, got)
		}
	}
	if v, _ := s.get("vm", []byte("k")); string(v.bytes) != "five" || v.cas != 4 {
		t.Errorf("got %q %d", v.bytes, v.cas)
	}
	s.cas = math.MaxUint32
	s.set("vm", []byte("k"), nil, 0)
	if v, _ := s.get("vm", []byte("k")); v.cas != 1 {
		t.Errorf("after the last number comes %d", v.cas)
	}
	if got := s.set("vm", []byte("big"), make([]byte, maxSharedData), 0); got != StatusInternalFailure {
		t.Errorf("too much: %v", got)
	}
	if want := 2*(sharedOverhead+1) + len("two"); s.dataSize != want {
		t.Errorf("size %d, want %d", s.dataSize, want)
	}
}

// TestSharedQueues has several VMs feed one queue at the same time.
func TestSharedQueues(t *testing.T) {
	t.Parallel()
	shared, first, second := NewShared(), &recorder{}, &recorder{}
	start := func(vm string, host PluginHost, lines ...string) *filter {
		return startWith(t, PluginConfig{VMID: vm, Shared: shared, Host: host, Configuration: []byte(strings.Join(lines, "\n"))})
	}
	a := start("a", first, "configure register q", "queue info", "queue dequeue $1")
	b := start("b", second, "configure resolve a q", "configure resolve - q", "configure resolve a none", "context resolve a q", "context enqueue $_ x")
	a.wantLogs("configure register q: 0 1")
	b.wantLogs("configure resolve a: 0 1", "configure resolve -: 1 1", "configure resolve a: 1 1")
	_ = b.stream(newHost())
	if got := first.take(); got != "queue 1" || second.take() != "" {
		t.Errorf("the owner was told %q", got)
	}
	a.event(a.OnQueueReady(1))
	a.event(a.OnQueueReady(1))
	a.wantLogs("queue info: 1 1 0", "queue dequeue $1: 0 x", "queue info: 1 1 0", "queue dequeue $1: 7 ")

	var wg sync.WaitGroup
	const each = 100
	for i := range 4 {
		wg.Go(func() {
			for range each {
				if status, _ := shared.push(1, []byte{byte(i)}); status == nil {
					t.Error("no owner")
				}
			}
		})
	}
	wg.Wait()
	for range 4 * each {
		if _, status := shared.dequeue(1); status != StatusOK {
			t.Fatal(status)
		}
	}
	a.event(a.Close(t.Context()))
	if owner, status := shared.push(1, nil); owner != nil || status != StatusOK {
		t.Errorf("after the owner's end: %v %v", owner, status)
	}
	if _, status := shared.push(1, make([]byte, maxQueueBytes+1)); status != StatusInternalFailure {
		t.Errorf("too much: %v", status)
	}
}
