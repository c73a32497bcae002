package proxywasm

// metricFunctions define and change metrics.
func metricFunctions() []hostFunction {
	return []hostFunction{
		{name: "proxy_define_metric", params: "iiii", call: defineMetric},
		{name: "proxy_increment_metric", params: "il", call: incrementMetric},
		{name: "proxy_record_metric", params: "il", call: recordMetric},
		{name: "proxy_get_metric", params: "ii", call: getMetric},
	}
}

// The id of a metric has its type in the lower two bits, above them the number
// of the definition within its type in this VM, from 1 on. Defining a name again
// gives another id for the same metric.
const (
	metricTypeBits = 2
	metricTypeMask = 1<<metricTypeBits - 1
)

// metric returns what an id stands for, nil when nothing does.
func (p *Plugin) metric(id uint32) *Metric {
	kind, number := id&metricTypeMask, id>>metricTypeBits
	if kind > uint32(MetricHistogram) || number == 0 || number > uint32(len(p.metrics[kind])) {
		return nil
	}
	return p.metrics[kind][number-1]
}

// defineMetric is proxy_define_metric(type, name, len, ret_id).
func defineMetric(p *Plugin, a []uint64) uint32 {
	kind := MetricType(u32(a[0]))
	name, ok := p.read(a[1], a[2])
	if !ok {
		return uint32(StatusInvalidMemoryAccess)
	}
	if kind > MetricHistogram {
		return uint32(StatusBadArgument)
	}
	handles := &p.metrics[kind]
	if len(*handles) >= maxMetricHandles {
		return uint32(StatusInternalFailure)
	}
	m := p.config.Metrics.define(kind, name)
	if m == nil {
		return uint32(StatusInternalFailure)
	}
	*handles = append(*handles, m)
	id := uint32(len(*handles))<<metricTypeBits | uint32(kind)
	return uint32(statusOf(p.writeU32(a[3], id)))
}

// incrementMetric is proxy_increment_metric(id, offset): a counter only grows,
// a gauge goes both ways and wraps.
func incrementMetric(p *Plugin, a []uint64) uint32 {
	id, offset := u32(a[0]), int64(a[1])
	if id&metricTypeMask > uint32(MetricGauge) {
		return uint32(StatusBadArgument)
	}
	m := p.metric(id)
	if m == nil {
		return uint32(StatusNotFound)
	}
	if m.Type == MetricCounter && offset <= 0 {
		return uint32(StatusBadArgument)
	}
	m.value.Add(uint64(offset))
	return uint32(StatusOK)
}

// recordMetric is proxy_record_metric(id, value). In Envoy it adds to a counter.
func recordMetric(p *Plugin, a []uint64) uint32 {
	m := p.metric(u32(a[0]))
	switch {
	case m == nil:
		return uint32(StatusNotFound)
	case m.Type == MetricCounter:
		m.value.Add(a[1])
	case m.Type == MetricGauge:
		m.value.Store(a[1])
	default:
		m.histogram.record(int64(a[1]))
	}
	return uint32(StatusOK)
}

// getMetric is proxy_get_metric(id, ret_u64), not for histograms.
func getMetric(p *Plugin, a []uint64) uint32 {
	id := u32(a[0])
	if id&metricTypeMask > uint32(MetricGauge) {
		return uint32(StatusBadArgument)
	}
	m := p.metric(id)
	if m == nil {
		return uint32(StatusNotFound)
	}
	return uint32(statusOf(p.memory.WriteUint64Le(u32(a[1]), m.value.Load())))
}
