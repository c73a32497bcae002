package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is one line of 'go test -json', see 'go doc test2json'.
type event struct {
	Action, Package, Test, Output, ImportPath string
}

// summary prints the events of a run as go test would, and counts.
type summary struct {
	out            io.Writer
	passed, failed int
	// skipped are the names of the skipped tests, each with its reason.
	skipped []string
	// pending is the output of each test that is not finished.
	pending map[string][]string
}

func newSummary(out io.Writer) *summary {
	return &summary{out: out, pending: map[string][]string{}}
}

// read takes all events of r. Lines that are no events are printed as they are.
func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				s.take(e)
			} else {
				s.out.Write(line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) take(e event) {
	id := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if e.Test == "" {
			s.packageOutput(e.Output)
			return
		}
		s.pending[id] = append(s.pending[id], e.Output)
	case "pass", "fail", "skip":
		if e.Test != "" {
			s.finish(e, s.pending[id])
			delete(s.pending, id)
		}
	}
}

// packageOutput prints what belongs to no test: the line of the package, a
// panic, an error of the compiler.
func (s *summary) packageOutput(text string) {
	if text != "PASS\n" && !strings.HasPrefix(text, "=== ") {
		io.WriteString(s.out, text)
	}
}

// finish counts a test and prints the output of a failed one.
func (s *summary) finish(e event, output []string) {
	switch e.Action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
		io.WriteString(s.out, visible(output))
	case "skip":
		s.skipped = append(s.skipped, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(output)))
	}
}

// visible is what a person wants to read of a failed test's output.
func visible(output []string) string {
	var b strings.Builder
	for _, line := range output {
		if !strings.HasPrefix(line, "=== ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// reason is what a skipped test said.
func reason(output []string) string {
	var words []string
	for _, line := range output {
		if t := strings.TrimSpace(line); t != "" && !strings.HasPrefix(t, "=== ") && !strings.HasPrefix(t, "--- ") {
			words = append(words, t)
		}
	}
	return strings.Join(words, " ")
}

// print ends the run: the tests that never finished, the skipped ones, the count.
func (s *summary) print() {
	for id, output := range s.pending {
		fmt.Fprintf(s.out, "--- UNFINISHED: %s\n%s", id, visible(output))
		s.failed++
	}
	for _, name := range s.skipped {
		fmt.Fprintf(s.out, "--- SKIP: %s\n", name)
	}
	fmt.Fprintf(s.out, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, len(s.skipped))
}
