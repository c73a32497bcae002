package main

import (
	"slices"
	"testing"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   []float64
		want float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(c.in); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.in, got, c.want)
		}
	}
}

func TestInterleaveTakesTurns(t *testing.T) {
	t.Parallel()
	var order []int
	note := func(who int) contestant {
		return func(i int) (float64, error) {
			order = append(order, who)
			return float64(10*who + i), nil
		}
	}
	samples, err := interleave(3, note(0), note(1))
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 1, 1, 0, 0, 1}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	if want := []float64{10, 11, 12}; !slices.Equal(samples[1], want) {
		t.Errorf("samples %v, want %v", samples[1], want)
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		r    result
		want string
	}{
		{result{ours: []float64{10}, theirs: []float64{20}, maxRatio: 0.5}, "met"},
		{result{ours: []float64{11}, theirs: []float64{20}, maxRatio: 0.5}, "**missed**"},
		{result{ours: []float64{29}, maxValue: 30}, "met"},
		{result{ours: []float64{31}, maxValue: 30}, "**missed**"},
		{result{ours: []float64{31}}, ""},
	} {
		if got := c.r.verdict(); got != c.want {
			t.Errorf("verdict of %+v is %q, want %q", c.r, got, c.want)
		}
	}
}
