package main

import (
	"slices"
	"time"
)

// contestant takes one sample, in round i, and says what it measured.
type contestant func(i int) (float64, error)

// interleave takes n samples of each contestant in turns. Every second round
// goes backwards, so that nobody always follows the same one.
func interleave(n int, contestants ...contestant) ([][]float64, error) {
	samples := make([][]float64, len(contestants))
	for i := range n {
		for k := range contestants {
			if i%2 == 1 {
				k = len(contestants) - 1 - k
			}
			v, err := contestants[k](i)
			if err != nil {
				return nil, err
			}
			samples[k] = append(samples[k], v)
		}
	}
	return samples, nil
}

// timed makes a contestant of something whose duration is measured, in
// milliseconds. prepare is not part of it and may be nil.
func timed(prepare func(i int) error, do func(i int) error) contestant {
	return func(i int) (float64, error) {
		if prepare != nil {
			if err := prepare(i); err != nil {
				return 0, err
			}
		}
		start := time.Now()
		err := do(i)
		return milliseconds(time.Since(start)), err
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median(samples []float64) float64 {
	s := slices.Sorted(slices.Values(samples))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}
