package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// starts measures the time to the first filtered response, and the memory at rest.
func (b *bench) starts(ctx context.Context, f *filter) error {
	upstream, address, err := startUpstream()
	if err != nil {
		return err
	}
	defer upstream.stop()

	embedded := b.embedded(f, address, b.home("start"))
	envoy := b.realEnvoy(ctx, f, address)
	forget := func() error { return os.RemoveAll(filepath.Join(b.dir, "start")) }
	memory := make([][]float64, 3)
	sample := func(k int, start server, prepare func() error) contestant {
		return func(int) (float64, error) {
			if err := prepare(); err != nil {
				return 0, err
			}
			took, rest, err := b.startOnce(ctx, start)
			memory[k] = append(memory[k], rest)
			return took, err
		}
	}
	// A cold start leaves a warm cache behind; in rounds that go backwards, so
	// does the one of the round before.
	s, err := interleave(b.rounds,
		sample(0, embedded, forget),
		sample(1, embedded, func() error { return nil }),
		sample(2, envoy, func() error { return nil }))
	if err != nil {
		return err
	}
	b.add(result{
		what: "`run` to the first filtered response, cold", unit: "ms", ours: s[0], against: "Envoy", theirs: s[2],
		maxRatio: 1.0 / 4, target: "ratio at most 1/4",
	})
	b.add(result{
		what: "`run` to the first filtered response, warm", unit: "ms", ours: s[1], against: "Envoy", theirs: s[2],
		maxRatio: 1.0 / 12, target: "ratio at most 1/12 (0.083)",
	})
	b.add(result{what: "resident memory at rest, after a cold start", unit: "MiB", ours: memory[0], against: "Envoy", theirs: memory[2], target: "-"})
	b.add(result{what: "resident memory at rest, after a warm start", unit: "MiB", ours: memory[1], against: "Envoy", theirs: memory[2], target: "-"})
	return nil
}

// startOnce starts a proxy and returns the milliseconds to its first filtered
// response, and its memory in MiB a second later.
func (b *bench) startOnce(ctx context.Context, start server) (took, memory float64, err error) {
	address, err := freeAddress()
	if err != nil {
		return 0, 0, err
	}
	launch, err := start(address)
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	p, err := launch()
	if err != nil {
		return 0, 0, err
	}
	defer p.stop()
	if err := p.firstResponse(ctx, address); err != nil {
		return 0, 0, err
	}
	took = milliseconds(time.Since(begin))
	time.Sleep(time.Second) // not a wait for something: rest is what is measured
	memory, err = p.memory()
	return took, memory, err
}

// load measures the CPU time of a request through each proxy.
func (b *bench) load(ctx context.Context, f *filter) error {
	upstream, address, err := startUpstream()
	if err != nil {
		return err
	}
	defer upstream.stop()
	ours, err := b.loaded(ctx, b.embedded(f, address, b.home("home")))
	if err != nil {
		return err
	}
	defer ours.stop()
	theirs, err := b.loaded(ctx, b.realEnvoy(ctx, f, address))
	if err != nil {
		return err
	}
	defer theirs.stop()
	s, err := interleave(b.rounds, ours.sample(ctx, b.requests), theirs.sample(ctx, b.requests))
	if err != nil {
		return err
	}
	b.add(result{
		what: "CPU time per request", unit: "µs", ours: s[0], against: "Envoy", theirs: s[1],
		maxRatio: 1, target: "ratio at most 1.0",
	})
	return nil
}

// loaded is a proxy that has served some requests already.
type loaded struct {
	*process
	address string
}

func (b *bench) loaded(ctx context.Context, start server) (*loaded, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	launch, err := start(address)
	if err != nil {
		return nil, err
	}
	p, err := launch()
	if err != nil {
		return nil, err
	}
	if err = p.firstResponse(ctx, address); err == nil {
		err = send(ctx, address, b.requests/2)
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("warm-up: %w\n%s", err, p.log.String())
	}
	return &loaded{p, address}, nil
}

// sample sends n requests and tells the microseconds of CPU time of each.
func (l *loaded) sample(ctx context.Context, n int) contestant {
	return func(int) (float64, error) {
		before, err := l.cpu()
		if err != nil {
			return 0, err
		}
		if err := send(ctx, l.address, n); err != nil {
			return 0, err
		}
		after, err := l.cpu()
		return float64((after - before).Microseconds()) / float64(n), err
	}
}
