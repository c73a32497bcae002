// Command bench measures wasmctl next to the tools that a developer would use
// otherwise, in one run and on one machine, and writes a report: 'make bench'.
// It only uses what a user has: the binaries, started as processes.
//
// Samples of two contestants are taken in turns, A B A B, so that whatever else
// the machine does falls on both. What counts is the ratio of the medians.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == upstreamArgument {
		fmt.Fprintln(os.Stderr, serveUpstream(os.Args[2]))
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// bench is a run: the programs, a folder for all that is made, what was measured.
type bench struct {
	wasmctl, oras, envoy string
	dir                  string
	rounds               int
	requests             int
	results              []result
}

func run(ctx context.Context) error {
	var b bench
	var out, notes, only string
	flag.StringVar(&b.wasmctl, "wasmctl", "", "the wasmctl `BINARY`")
	flag.StringVar(&b.oras, "oras", "", "the oras `BINARY`")
	flag.StringVar(&b.envoy, "envoy", "", "the Envoy `BINARY`")
	flag.IntVar(&b.rounds, "rounds", 11, "samples of each contestant, at least 10 for a report")
	flag.IntVar(&b.requests, "requests", 20000, "requests of a sample of CPU time")
	flag.StringVar(&out, "out", "", "write the report to this `FILE` (default stdout)")
	flag.StringVar(&notes, "notes", "", "put the text of this `FILE` at the end of the report")
	flag.StringVar(&only, "only", "", "run this `PART` alone: cli, build, start, load, registry")
	flag.Parse()

	dir, err := os.MkdirTemp("", "wasmctl-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	if err := b.measure(ctx, only); err != nil {
		return err
	}
	return b.write(out, notes)
}

func (b *bench) measure(ctx context.Context, only string) error {
	f, err := b.makeFilter(ctx)
	if err != nil {
		return err
	}
	parts := []struct {
		name string
		run  func() error
	}{
		{"cli", func() error { return b.commandLine(ctx) }},
		{"build", func() error { return b.builds(ctx) }},
		{"start", func() error { return b.starts(ctx, f) }},
		{"load", func() error { return b.load(ctx, f) }},
		{"registry", func() error { return b.registry(ctx, f) }},
	}
	for _, part := range parts {
		if only != "" && only != part.name {
			continue
		}
		fmt.Fprintln(os.Stderr, "bench:", part.name)
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}
