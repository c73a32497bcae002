package deploy

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/chain"
)

func TestLogLinesNormalize(t *testing.T) {
	t.Parallel()
	const at = "2026-11-21T10:39:43.058+00:00 "
	two := []chain.Filter{{Name: "a"}, {Name: "b c", RootID: "root", VMID: "vm"}}
	cases := []struct {
		filters  []chain.Filter
		in, want string
	}{
		{two, at + "warning wasm log a: text", at + "warn wasm log a: text"},
		{two, at + "info wasm log b c root vm: x: y", at + "info wasm log b c: x: y"},
		{two, at + "info wasm log root vm: early", at + "info wasm log root vm: early"},
		{two[:1], at + "info wasm log: early", at + "info wasm log a: early"},
		{two[1:], at + "info wasm log root vm: early", at + "info wasm log b c: early"},
		{two, at + "warning something wasm log a: text", at + "warning something wasm log a: text"},
		{two, "no entry\r", "no entry"},
		{two, "", ""},
	}
	for _, c := range cases {
		var out bytes.Buffer
		l := newLogLines(&out, c.filters)
		for _, b := range []byte(c.in) {
			_, _ = l.Write([]byte{b})
		}
		_, _ = l.Write([]byte("\n"))
		if got := strings.TrimSuffix(out.String(), "\n"); got != c.want {
			t.Errorf("%q became %q, want %q", c.in, got, c.want)
		}
	}
}

func TestLogLinesAreBounded(t *testing.T) {
	t.Parallel()
	l := newLogLines(nil, nil)
	for range maxKeptLines + 10 {
		_, _ = l.Write(bytes.Repeat([]byte("x"), maxLineSize))
		_, _ = l.Write([]byte("more\n"))
	}
	_, _ = l.Write([]byte("last"))
	_ = l.Close()
	lines := l.lines()
	if len(lines) != maxKeptLines || len(lines[0]) != maxLineSize || lines[len(lines)-1] != "last" {
		t.Errorf("%d lines, the first of %d bytes", len(lines), len(lines[0]))
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	const at = "2026-11-21T10:39:43.058+00:00 "
	cases := []struct {
		name, log, reason string
		lines             []string
	}{
		{"nothing", "", "", nil},
		{"noise only", at + "info all good\n" + at + "warning hm\n", "", nil},
		{
			"bind", at + "critical error `cannot bind '127.0.0.1:1': Permission denied` initializing config 'x'",
			"cannot listen on 127.0.0.1:1: Permission denied",
			[]string{at + "critical error `cannot bind '127.0.0.1:1': Permission denied`"},
		},
		{"a filter cannot pretend", at + "error wasm log a: Function: x failed: y", "", []string{at + "error wasm log a: Function: x failed: y"}},
		{
			"loader", "envoy: error while loading shared libraries: libx.so: no such file", "error while loading shared libraries: libx.so: no such file",
			[]string{"envoy: error while loading shared libraries: libx.so: no such file"},
		},
		{
			"named", at + "error Wasm VM failed Failed to configure base Wasm plugin\n" + at + "critical error `Unable to create Wasm plugin my filter`",
			"filter my filter refused its configuration",
			[]string{
				at + "error Wasm VM failed Failed to configure base Wasm plugin", at + "critical error `Unable to create Wasm plugin my filter`",
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := explain(strings.Split(c.log, "\n"))
			if got.reason != c.reason {
				t.Errorf("reason %q, want %q", got.reason, c.reason)
			}
			if diff := cmp.Diff(c.lines, got.lines); diff != "" {
				t.Error(diff)
			}
		})
	}
	long := explain(strings.Split(strings.Repeat("plain\n", 100), "\n"))
	if len(long.lines) != maxExplanation {
		t.Errorf("%d lines", len(long.lines))
	}
}

func FuzzLogLines(f *testing.F) {
	f.Add([]byte("2026-11-21T10:39:43.058+00:00 info wasm log a: x\ny"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l := newLogLines(nil, []chain.Filter{{Name: "a"}})
		_, _ = l.Write(b)
		_ = l.Close()
		explain(l.lines())
	})
}
