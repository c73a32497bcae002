// Package progress is how a long step tells its caller where it stands. A step
// takes a Func in its options and never prints; internal/ui draws the events.
package progress

import "io"

// State is where a task stands.
type State int

// The states of a task. Every Started is followed by exactly one Done or Failed.
const (
	Started State = iota
	Running
	Done
	Failed
)

// Event is one report of one task.
type Event struct {
	// Task names the work for a person, and identifies it: "push localhost:5000/filter:v1".
	Task string
	// State is where the task stands.
	State State
	// Current and Total are bytes. Total is 0 while the amount is unknown.
	Current, Total int64
	// Message is a short remark for a person, such as "exists already". It may be empty.
	Message string
}

// Func receives the events of any number of tasks, and may be called from
// several goroutines at once. A nil Func ignores them.
type Func func(Event)

// Report hands e to f. It does nothing when f is nil.
func (f Func) Report(e Event) {
	if f != nil {
		f(e)
	}
}

// Start reports the start of a task of total bytes (0 when unknown) and returns
// the function that ends it: call it once, with the error the task ended with.
func (f Func) Start(task string, total int64) (end func(error)) {
	f.Report(Event{Task: task, State: Started, Total: total})
	return func(err error) {
		e := Event{Task: task, State: Done, Current: total, Total: total}
		if err != nil {
			e.State, e.Current, e.Message = Failed, 0, err.Error()
		}
		f.Report(e)
	}
}

// Reader returns r with every read reported as progress of the task.
func (f Func) Reader(r io.Reader, task string, total int64) io.Reader {
	if f == nil {
		return r
	}
	return &reader{r: r, report: f, event: Event{Task: task, State: Running, Total: total}}
}

type reader struct {
	r      io.Reader
	report Func
	event  Event
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.event.Current += int64(n)
	r.report(r.event)
	return n, err
}
