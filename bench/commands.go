package main

import (
	"context"
	"fmt"
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
