package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// result is one line of the report.
type result struct {
	what, unit string
	// against names the other contestant; "" when there is none.
	against      string
	ours, theirs []float64
	// maxRatio, maxValue and maxExtra, the difference, are targets; 0 is none.
	maxRatio, maxValue, maxExtra float64
	// target is how the target is written.
	target string
}

// add keeps a result, and shows it: a whole run takes a while.
func (b *bench) add(r result) {
	b.results = append(b.results, r)
	fmt.Fprintln(os.Stderr, r.row())
}

func (r result) ratio() float64 { return median(r.ours) / median(r.theirs) }

func (r result) verdict() string {
	switch {
	case r.maxRatio == 0 && r.maxValue == 0 && r.maxExtra == 0:
		return ""
	case r.maxRatio > 0 && r.ratio() > r.maxRatio,
		r.maxValue > 0 && median(r.ours) > r.maxValue,
		r.maxExtra > 0 && median(r.ours)-median(r.theirs) > r.maxExtra:
		return "**missed**"
	}
	return "met"
}

// cell is a median with the extremes of the samples.
func cell(samples []float64, unit string) string {
	if len(samples) == 0 {
		return "-"
	}
	return fmt.Sprintf("%s %s (%s-%s)", number(median(samples)), unit, number(slices.Min(samples)), number(slices.Max(samples)))
}

// number has three significant digits.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func (r result) row() string {
	against, ratio := "-", "-"
	if r.against != "" {
		against = r.against + ": " + cell(r.theirs, r.unit)
		ratio = fmt.Sprintf("%.2f", r.ratio())
		if r.ratio() < 0.1 {
			ratio = fmt.Sprintf("%.3f", r.ratio())
		}
	}
	target := r.target
	if v := r.verdict(); v != "" {
		target += ", " + v
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |", r.what, cell(r.ours, r.unit), against, ratio, target)
}

// write writes the report to the file, or to stdout.
func (b *bench) write(out, notes string) error {
	var text strings.Builder
	if err := b.report(&text, notes); err != nil {
		return err
	}
	if out == "" {
		_, err := io.WriteString(os.Stdout, text.String())
		return err
	}
	return os.WriteFile(out, []byte(text.String()), 0o644) //nolint:gosec // a document for everybody
}

func (b *bench) report(w io.Writer, notes string) error {
	fmt.Fprint(w, "# Benchmarks\n\nMade by `make bench`; changes here are lost. ")
	fmt.Fprintf(w, "Medians of %d samples with the least and the greatest in\nparentheses, taken in turns in one run.\n\n", b.rounds)
	for _, line := range b.machine() {
		fmt.Fprintf(w, "- %s\n", line)
	}
	fmt.Fprint(w, "\n| what | wasmctl | against | ratio | target |\n|---|---|---|---|---|\n")
	for _, r := range b.results {
		fmt.Fprintln(w, r.row())
	}
	fmt.Fprint(w, "\n", explanation)
	if notes == "" {
		return nil
	}
	text, err := os.ReadFile(notes)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\n%s", text)
	return err
}

const explanation = `## What is measured

- The filter is the one that ` + "`wasmctl init --language go --template http-headers`" + ` makes, with its example configuration, in
  wasmctl and in Envoy alike. Both run one worker. Envoy's bootstrap is what ` + "`wasmctl deploy envoy --dry-run`" + ` prints.
- *First filtered response*: from the start of the process to a response that carries the filter's header. Cold: no compiled
  code in wasmctl's cache. Warm: the filter has been run before. Envoy keeps no compiled code.
- *CPU time per request*: user and system time of the proxy's process over the requests of a sample, one at a time on each
  of four connections that are kept, to an upstream in a process of its own that does next to nothing.
- *Resident memory at rest*: a second after the first response.
- *Builds*: medians of five. The bare command is what a person would type instead of ` + "`wasmctl build`" + `, with the same flags: in a
  shell on this machine, or in one in a container of the builder image that runs all the time. *First build*: of a new
  project, with the builder image, the dependencies and the standard library there from earlier projects. *One line
  changed*: one line of the filter's source is changed before each build.
- *Push and pull*: the filter's module, to a repository that does not have it and into an empty folder or store. The
  registry is CNCF distribution with its storage in memory, in the benchmark's own process.
`
