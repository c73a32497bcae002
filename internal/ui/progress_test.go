package ui

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/progress"
)

// clock is a time that a test moves.
type clock struct{ now time.Time }

func (c *clock) tick(d time.Duration) { c.now = c.now.Add(d) }

func newTestProgress(terminal bool) (*Progress, *bytes.Buffer, *clock) {
	var out bytes.Buffer
	c := &clock{time.Unix(0, 0)}
	p := NewProgress(Streams{Err: &out, ErrTerminal: terminal})
	p.now = func() time.Time { return c.now }
	return p, &out, c
}

func TestProgressInAPipeIsSilent(t *testing.T) {
	t.Parallel()
	p, out, c := newTestProgress(false)
	p.Report(progress.Event{Task: "pull", State: progress.Started, Total: 10})
	c.tick(time.Second)
	p.Report(progress.Event{Task: "pull", State: progress.Running, Current: 5, Total: 10})
	p.Close()
	if out.Len() != 0 {
		t.Errorf("wrote %q", out)
	}
}

func TestProgressDrawsAndClears(t *testing.T) {
	t.Parallel()
	p, out, c := newTestProgress(true)
	p.Report(progress.Event{Task: "pull x", State: progress.Started, Total: 2_000_000})
	c.tick(time.Second)
	p.Report(progress.Event{Task: "pull x", State: progress.Running, Current: 1_000_000, Total: 2_000_000})
	if want := strings.Repeat("█", 12) + strings.Repeat("░", 12) + " 1.0 MB / 2.0 MB pull x\n"; !strings.Contains(out.String(), want) {
		t.Errorf("drew %q, want %q in it", out, want)
	}
	if _, err := p.Writer(out).Write([]byte("a message\n")); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "\x1b[1A\x1b[Ja message\n") {
		t.Errorf("the bar was not taken away before a message: %q", out)
	}
	p.Report(progress.Event{Task: "pull x", State: progress.Done})
	drawn := out.Len()
	p.Close()
	if out.Len() != drawn {
		t.Errorf("closing drew %q", out.String()[drawn:])
	}
}

func TestProgressOfAShortTaskIsNotDrawn(t *testing.T) {
	t.Parallel()
	p, out, c := newTestProgress(true)
	p.Report(progress.Event{Task: "short", State: progress.Started})
	c.tick(quiet / 2)
	p.Report(progress.Event{Task: "short", State: progress.Failed, Message: errors.New("x").Error()})
	p.Close()
	if strings.Contains(out.String(), "short") {
		t.Errorf("drew %q", out)
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 2_442_112: "2.4 MB", 107_000_000: "107.0 MB", 5_000_000_000: "5.0 GB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestStyleIsOffWithoutATerminal(t *testing.T) {
	t.Parallel()
	for _, s := range []Streams{{Color: true}, {OutTerminal: true}} {
		if got := s.OutStyle().Bad("x"); got != "x" {
			t.Errorf("coloured %q for %+v", got, s)
		}
	}
	if got := (Streams{Color: true, OutTerminal: true}).OutStyle().Status(503); got != "\x1b[31m503\x1b[0m" {
		t.Errorf("got %q", got)
	}
}
