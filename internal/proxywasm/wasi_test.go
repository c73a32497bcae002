package proxywasm

import (
	"strings"
	"testing"
)

func TestWASI(t *testing.T) {
	t.Parallel()
	f := startWith(t, PluginConfig{
		Env:           map[string]string{"B": "2", "A": "one"},
		Configuration: []byte("configure env\nconfigure wasi\nconfigure badpointer\nconfigure time\nconfigure status\nconfigure loglevel"),
		LogLevel:      LogDebug,
	})
	f.wantLogs(
		"configure env: 0 A=one B=2",
		"configure wasi: 0 now 0 58 0 28 0 0 64 8 8 44 8",
		"configure badpointer: 6 6 6 2 6 6 6 21",
		"configure time: 0 now",
		"configure status: 0 0 0",
		"configure loglevel: 0 1",
	)
}

func TestLogs(t *testing.T) {
	t.Parallel()
	var lines []LogLine
	f := startWith(t, PluginConfig{
		LogLevel: LogInfo,
		Log:      func(l LogLine) { lines = append(lines, l) },
		Configuration: []byte(strings.Join([]string{
			"configure log 0 never", "configure log 1 never", "configure log 5 critical",
			"request_headers stdout out\\n", "request_headers stderr err\\n\\n", "request_headers stdout \\n",
			"request_headers stdout ", "request_headers log 3 w",
		}, "\n")),
	})
	h := newHost()
	_, _ = f.stream(h).OnRequestHeaders(true)
	want := []LogLine{
		{LogCritical, "critical", nil},
		{LogInfo, "out", h},
		{LogError, "err\n", h},
		{LogInfo, "", h},
		{LogWarn, "w", h},
	}
	if len(lines) != len(want) {
		t.Fatalf("%+v", lines)
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("line %d is %+v, want %+v", i, lines[i], want[i])
		}
	}
}

func TestLongLogIsCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxLogBytes+100)
	f := startScript(t, "configure log 2 "+long, "configure stdout "+long)
	for _, line := range f.logs {
		if line != long[:maxLogBytes]+"... (cut)" {
			t.Errorf("%d bytes are logged", len(line))
		}
	}
	if len(f.logs) != 2 {
		t.Errorf("%d lines", len(f.logs))
	}
}

func TestLogLevelNames(t *testing.T) {
	t.Parallel()
	for level := LogTrace; level <= LogCritical; level++ {
		if got, ok := ParseLogLevel(level.String()); got != level || !ok {
			t.Errorf("%s is read as %s, %v", level, got, ok)
		}
	}
	if got, ok := ParseLogLevel("warning"); got != LogWarn || !ok {
		t.Error(got, ok)
	}
	if _, ok := ParseLogLevel("loud"); ok || LogLevel(9).String() != "level(9)" {
		t.Error("an unknown level is taken")
	}
}
