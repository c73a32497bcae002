package progress_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/progress"
)

// record returns a Func and the events it was given.
func record() (progress.Func, *[]progress.Event) {
	var events []progress.Event
	return func(e progress.Event) { events = append(events, e) }, &events
}

func TestStart(t *testing.T) {
	t.Parallel()
	report, events := record()
	report.Start("good", 3)(nil)
	report.Start("bad", 0)(errors.New("why"))
	want := []progress.Event{
		{Task: "good", State: progress.Started, Total: 3},
		{Task: "good", State: progress.Done, Current: 3, Total: 3},
		{Task: "bad", State: progress.Started},
		{Task: "bad", State: progress.Failed, Message: "why"},
	}
	if diff := cmp.Diff(want, *events); diff != "" {
		t.Error(diff)
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	report, events := record()
	text, err := io.ReadAll(report.Reader(strings.NewReader("12345"), "read", 5))
	if string(text) != "12345" || err != nil {
		t.Fatalf("read %q, %v", text, err)
	}
	last := (*events)[len(*events)-1]
	if want := (progress.Event{Task: "read", State: progress.Running, Current: 5, Total: 5}); last != want {
		t.Errorf("the last event is %+v, want %+v", last, want)
	}
}

func TestNilIsSilent(t *testing.T) {
	t.Parallel()
	var report progress.Func
	report.Report(progress.Event{})
	report.Start("x", 1)(nil)
	r := strings.NewReader("x")
	if report.Reader(r, "x", 1) != io.Reader(r) {
		t.Error("a reader was wrapped for nobody")
	}
}
