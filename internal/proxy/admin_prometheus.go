package proxy

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// servePrometheus writes the statistics in the text format of Prometheus, under
// the names that Envoy gives them. Metrics of filters come under their own.
//
// https://prometheus.io/docs/instrumenting/exposition_formats/
func (s *Server) servePrometheus(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	byName := map[string][]string{}
	for name, value := range s.snapshot() {
		metric, labels := prometheusName(name)
		byName[metric] = append(byName[metric], fmt.Sprintf("%s{%s} %d\n", metric, labels, value))
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(w, "# TYPE %s %s\n", name, kindOf(name))
		slices.Sort(byName[name])
		_, _ = io.WriteString(w, strings.Join(byName[name], ""))
	}
	s.writeCustom(w)
}

// kindOf tells gauges and counters of the host apart by their names.
func kindOf(name string) string {
	for _, gauge := range [...]string{"_active", "_allocated", "_heap_size", "_goroutines", "_bytes", "_live", "_uptime", "_concurrency"} {
		if strings.HasSuffix(name, gauge) {
			return "gauge"
		}
	}
	return "counter"
}

// prometheusName takes out of a name what Envoy makes a label of: the cluster,
// the listener's prefix, the class of a response code.
func prometheusName(name string) (metric, labels string) {
	var tags []string
	for group, label := range map[string]string{"cluster.": "envoy_cluster_name", "http.": "envoy_http_conn_manager_prefix"} {
		rest, ok := strings.CutPrefix(name, group)
		if !ok {
			continue
		}
		at := strings.LastIndexByte(rest, '.')
		tags = append(tags, label+"="+strconv.Quote(rest[:at]))
		name = group + rest[at+1:]
	}
	if n := len(name); n > 4 && name[n-4] == '_' && strings.HasSuffix(name, "xx") {
		tags = append([]string{"envoy_response_code_class=" + strconv.Quote(name[n-3:n-2])}, tags...)
		name = name[:n-3] + "xx"
	}
	return "envoy_" + sanitized(name), strings.Join(tags, ",")
}

// sanitized replaces what Prometheus does not take in a name.
func sanitized(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}

// writeCustom writes the metrics of filters. As in Envoy those whose name does
// not begin with a letter are left out.
func (s *Server) writeCustom(w io.Writer) {
	for _, kind := range []proxywasm.MetricType{proxywasm.MetricCounter, proxywasm.MetricGauge, proxywasm.MetricHistogram} {
		for _, m := range s.metrics.All() {
			name := sanitized(m.Name)
			if m.Type != kind || name == "" || (name[0] >= '0' && name[0] <= '9') {
				continue
			}
			switch kind {
			case proxywasm.MetricCounter:
				fmt.Fprintf(w, "# TYPE %s counter\n%s{} %d\n", name, name, m.Value())
			case proxywasm.MetricGauge:
				fmt.Fprintf(w, "# TYPE %s gauge\n%s{} %d\n", name, name, m.Value())
			default:
				writeHistogram(w, name, m.Histogram().Summary())
			}
		}
	}
}

func writeHistogram(w io.Writer, name string, s proxywasm.HistogramSummary) {
	fmt.Fprintf(w, "# TYPE %s histogram\n", name)
	for i, bound := range proxywasm.HistogramBounds() {
		fmt.Fprintf(w, "%s_bucket{le=\"%s\"} %d\n", name, number(bound), s.Buckets[i])
	}
	fmt.Fprintf(w, "%s_bucket{le=\"+Inf\"} %d\n", name, s.Count)
	const digits = 32 // as Envoy
	fmt.Fprintf(w, "%s_sum{} %s\n%s_count{} %d\n", name, strconv.FormatFloat(s.Sum, 'g', digits, 64), name, s.Count)
}
