package proxy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// customPrefix is what Envoy's statistics put in front of the names of filters'
// metrics, but not for Prometheus.
const customPrefix = "wasmcustom."

// figure is one value of the statistics.
type figure struct {
	name  string
	value uint64
}

// figures are all counters and gauges sorted by name, with those of filters. Of
// a counter and a gauge of the same name the gauge is shown, as in Envoy.
func (s *Server) figures() []figure {
	values := map[string]uint64{}
	for name, value := range s.snapshot() {
		values[name] = uint64(value)
	}
	for _, m := range s.metrics.All() {
		if m.Type != proxywasm.MetricHistogram {
			values[customPrefix+m.Name] = m.Value()
		}
	}
	list := make([]figure, 0, len(values))
	for name, value := range values {
		list = append(list, figure{name, value})
	}
	slices.SortFunc(list, func(a, b figure) int { return strings.Compare(a.name, b.name) })
	return list
}

// serveStats writes the counters and gauges sorted by name, a line each, behind
// them the histograms of filters; with ?format=json in the form of Envoy.
func (s *Server) serveStats(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("format") {
	case "json":
		w.Header().Set("Content-Type", "application/json")
		s.writeJSONStats(w)
		return
	case "prometheus":
		s.servePrometheus(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, f := range s.figures() {
		fmt.Fprintf(w, "%s: %d\n", f.name, f.value)
	}
	for _, m := range s.metrics.All() {
		if h := m.Histogram(); h != nil {
			fmt.Fprintf(w, "%s%s: %s\n", customPrefix, m.Name, quantileText(h.Summary()))
		}
	}
}

// quantileText is a histogram in Envoy's text: of each pair the second number
// counts all values. The first, for the last few seconds, is not kept here.
func quantileText(s proxywasm.HistogramSummary) string {
	if s.Quantiles == nil {
		return "No recorded values"
	}
	parts := make([]string, len(s.Quantiles))
	for i, q := range proxywasm.HistogramQuantiles() {
		parts[i] = fmt.Sprintf("P%s(nan,%s)", number(q*100), number(s.Quantiles[i]))
	}
	return strings.Join(parts, " ")
}

// number writes a number as briefly as it can be read back.
func number(v float64) string {
	const tooLong = 1e16
	if v > -tooLong && v < tooLong {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// The forms of Envoy's /stats?format=json:
//
//	{"stats":[{"name":…,"value":…},…,{"histograms":{…}}]}
type (
	jsonFigure struct {
		Name  string `json:"name"`
		Value uint64 `json:"value"`
	}
	jsonHistograms struct {
		Histograms struct {
			Supported []float64       `json:"supported_quantiles"`
			Computed  []jsonQuantiles `json:"computed_quantiles"`
		} `json:"histograms"`
	}
	jsonQuantiles struct {
		Name   string         `json:"name"`
		Values []jsonQuantile `json:"values"`
	}
	jsonQuantile struct {
		Cumulative *float64 `json:"cumulative"`
		Interval   *float64 `json:"interval"`
	}
)

func (s *Server) writeJSONStats(w io.Writer) {
	list := []any{}
	for _, f := range s.figures() {
		list = append(list, jsonFigure{f.name, f.value})
	}
	if h := s.jsonHistograms(); len(h.Histograms.Computed) > 0 {
		list = append(list, h)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"stats": list})
}

func (s *Server) jsonHistograms() (out jsonHistograms) {
	for _, q := range proxywasm.HistogramQuantiles() {
		out.Histograms.Supported = append(out.Histograms.Supported, q*100)
	}
	for _, m := range s.metrics.All() {
		h := m.Histogram()
		if h == nil {
			continue
		}
		computed := jsonQuantiles{Name: customPrefix + m.Name, Values: make([]jsonQuantile, len(out.Histograms.Supported))}
		for i, v := range h.Summary().Quantiles {
			computed.Values[i].Cumulative = &v
		}
		out.Histograms.Computed = append(out.Histograms.Computed, computed)
	}
	return out
}
