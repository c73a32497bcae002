package proxywasm

import (
	"math"
	"slices"
	"sync"
)

// Histogram counts values in bins of two decimal digits, as Envoy's
// log-linear histograms do: 10 to 10.99 is one bin, 120,000 to 129,999 another.
// It may be used from several goroutines. The zero value is empty.
//
// https://arxiv.org/abs/2001.06561
type Histogram struct {
	mu   sync.Mutex
	bins map[bin]uint64
}

// bin is the values with the same sign and the same first two digits: from
// digits/10 * 10^exponent on. Digits are 10 to 99, negative below zero, and 0
// for zero.
type bin struct{ digits, exponent int8 }

// binOf returns the bin of a value.
func binOf(v int64) bin {
	if v == 0 {
		return bin{}
	}
	sign, rest := int8(1), uint64(v)
	if v < 0 {
		sign, rest = -1, -uint64(v)
	}
	exponent := int8(1)
	for ; rest >= 100; rest /= 10 {
		exponent++
	}
	if rest < 10 {
		rest *= 10
		exponent = 0
	}
	return bin{sign * int8(rest), exponent}
}

// edge is the end of the bin that is nearer to zero.
func (b bin) edge() float64 { return float64(b.digits) / 10 * math.Pow10(int(b.exponent)) }

// width is the length of the bin.
func (b bin) width() float64 { return math.Pow10(int(b.exponent)) / 10 }

// at returns a place in the bin, a part of the way from its lower end.
func (b bin) at(part float64) float64 {
	switch {
	case b.digits == 0:
		return 0
	case b.digits < 0:
		return b.edge() - b.width() + part*b.width()
	}
	return b.edge() + part*b.width()
}

// middle is the value that has the smallest relative error to all of the bin.
func (b bin) middle() float64 {
	if b.digits == 0 {
		return 0
	}
	near, width := b.edge(), b.width()
	if near < 0 {
		width = -width
	}
	far := near + width
	return 2 * near * far / (near + far)
}

// record counts a value.
func (h *Histogram) record(v int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bins == nil {
		h.bins = map[bin]uint64{}
	}
	h.bins[binOf(v)]++
}

// HistogramSummary is what statistics say about a histogram.
type HistogramSummary struct {
	Count uint64
	// Sum is an approximation, made of the middles of the bins.
	Sum float64
	// Quantiles are the values at HistogramQuantiles; nil without any value.
	Quantiles []float64
	// Buckets count the values up to each of HistogramBounds.
	Buckets []uint64
}

// HistogramQuantiles are the quantiles that Envoy's statistics show.
func HistogramQuantiles() []float64 {
	return []float64{0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1}
}

// HistogramBounds are the bounds of the buckets that Envoy's statistics have.
func HistogramBounds() []float64 {
	return []float64{
		0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000,
		60000, 300000, 600000, 1800000, 3600000,
	}
}

// Summary computes the figures of all values so far.
func (h *Histogram) Summary() HistogramSummary {
	bins, counts := h.sorted()
	s := HistogramSummary{Buckets: make([]uint64, len(HistogramBounds()))}
	for i, b := range bins {
		s.Count += counts[i]
		s.Sum += b.middle() * float64(counts[i])
		for j, bound := range HistogramBounds() {
			if b.edge() <= bound {
				s.Buckets[j] += counts[i]
			}
		}
	}
	if s.Count > 0 {
		for _, q := range HistogramQuantiles() {
			s.Quantiles = append(s.Quantiles, quantile(bins, counts, s.Count, q))
		}
	}
	return s
}

// sorted returns a copy of the bins in the order of their values.
func (h *Histogram) sorted() (bins []bin, counts []uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for b := range h.bins {
		bins = append(bins, b)
	}
	slices.SortFunc(bins, func(a, b bin) int {
		if a.edge() < b.edge() {
			return -1
		}
		return 1 // no two are equal
	})
	for _, b := range bins {
		counts = append(counts, h.bins[b])
	}
	return bins, counts
}

// quantile returns the value at q: the values of a bin are taken to lie evenly
// spread in it.
func quantile(bins []bin, counts []uint64, total uint64, q float64) float64 {
	rank := max(uint64(math.Ceil(q*float64(total))), 1)
	for i, b := range bins {
		if rank <= counts[i] {
			return b.at(float64(rank) / float64(counts[i]+1))
		}
		rank -= counts[i]
	}
	return math.NaN() // not reached: the counts add up to total
}
