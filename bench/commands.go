package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// commandLine measures what every call costs, and init.
func (b *bench) commandLine(ctx context.Context) error {
	call := func(program string) contestant {
		return timed(nil, func(int) error { return command(ctx, "", []string{b.home("home")}, program, "version") })
	}
	s, err := interleave(b.rounds, call(b.wasmctl), call(b.oras))
	if err != nil {
		return err
	}
	b.add(result{what: "`version`", unit: "ms", ours: s[0], against: "`oras version`", theirs: s[1], target: "-"})

	s, err = interleave(b.rounds, timed(nil, func(i int) error {
		return b.initProject(ctx, filepath.Join(b.dir, fmt.Sprint("init-", i)))
	}))
	if err != nil {
		return err
	}
	b.add(result{what: "`init`", unit: "ms", ours: s[0], target: "-"})
	return nil
}

// builds measures builds without and with a change, next to the bare compiler
// with the same flags. Each side has a project of its own.
func (b *bench) builds(ctx context.Context, f *filter) error {
	bare := filepath.Join(b.dir, "bare")
	if err := b.initProject(ctx, bare); err != nil {
		return err
	}
	ours := func(int) error { return command(ctx, "", []string{b.home("home")}, b.wasmctl, "build", f.project) }
	theirs := func(int) error {
		return command(ctx, bare, []string{"GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=-buildvcs=false"},
			"go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", "build/filter.wasm", ".")
	}
	if err := theirs(0); err != nil {
		return err
	}
	s, err := interleave(b.rounds, timed(nil, ours), timed(nil, theirs))
	if err != nil {
		return err
	}
	b.add(result{
		what: "`build`, nothing changed", unit: "ms", ours: s[0], against: "`go build`", theirs: s[1],
		maxValue: 30, target: "at most 30 ms",
	})
	// The two never compile the same text, or one would profit from Go's cache of the other.
	s, err = interleave(b.rounds,
		timed(func(i int) error { return changeLine(f.project, 2*i) }, ours),
		timed(func(i int) error { return changeLine(bare, 2*i+1) }, theirs))
	if err != nil {
		return err
	}
	b.add(result{
		what: "`build`, one line changed", unit: "ms", ours: s[0], against: "`go build`", theirs: s[1],
		maxRatio: 1.2, target: "ratio at most 1.2",
	})
	return nil
}

// changeLine puts the number into one line at the end of main.go, in place of
// the number before.
func changeLine(project string, number int) error {
	path := filepath.Join(project, "main.go")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	const line = "\nvar benchmarkRound = "
	text, _, _ = bytes.Cut(text, []byte(line))
	text = fmt.Appendf(text, "%s%d\n", line, number)
	return os.WriteFile(path, text, 0o644) //nolint:gosec // source code
}
