package deploy

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/wasmctl/wasmctl/internal/chain"
)

// logFormat is what Envoy is told to write: TIME LEVEL TEXT, one line an entry.
// A filter's text begins with "wasm log NAME: ", so its lines need no more.
const logFormat = "%Y-%m-%dT%T.%e%z %l %_"

// The bounds of what is kept of Envoy's log to explain a failed start.
const (
	maxKeptLines = 400
	maxLineSize  = 64 << 10
)

// logLines takes Envoy's output, passes it on line by line and keeps the last
// lines. It may be written to by several goroutines.
type logLines struct {
	filters []chain.Filter

	mu      sync.Mutex
	to      io.Writer
	partial []byte
	kept    []string
}

func newLogLines(to io.Writer, filters []chain.Filter) *logLines {
	if to == nil {
		to = io.Discard
	}
	return &logLines{to: to, filters: filters}
}

// Write implements io.Writer. It never fails: Envoy must not stand still
// because nobody can read its log.
func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		if space := maxLineSize - len(l.partial); len(line) > space {
			line = line[:space]
		}
		l.partial = append(l.partial, line...)
		if ended {
			l.end()
		}
		rest = after
	}
	return len(p), nil
}

// Close ends a last line without newline.
func (l *logLines) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.partial) > 0 {
		l.end()
	}
	return nil
}

// end passes the line on that is complete. The lock is held.
func (l *logLines) end() {
	line := normalize(strings.TrimSuffix(string(l.partial), "\r"), l.filters)
	l.partial = l.partial[:0]
	if len(l.kept) == maxKeptLines {
		l.kept = append(l.kept[:0], l.kept[1:]...)
	}
	l.kept = append(l.kept, line)
	_, _ = io.WriteString(l.to, line+"\n")
}

// lines returns the last lines.
func (l *logLines) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.kept...)
}

// filterMark is how the text of every filter's line begins.
const filterMark = "wasm log"

// entry is a line of the log, taken apart.
type entry struct {
	time, level, text string
}

// parseEntry takes a line in logFormat apart. Other lines, such as a linker's
// message, are not ok.
func parseEntry(line string) (e entry, ok bool) {
	var rest string
	if e.time, rest, ok = strings.Cut(line, " "); !ok || len(e.time) < len("2006-01-02T15:04:05") || e.time[10] != 'T' {
		return entry{}, false
	}
	e.level, e.text, ok = strings.Cut(rest, " ")
	return e, ok
}

// fromFilter tells whether a filter wrote the entry.
func (e entry) fromFilter() bool { return strings.HasPrefix(e.text, filterMark) }

// normalize brings a filter's line to the form TIME LEVEL wasm log NAME: TEXT.
// Envoy writes the root id and the VM id after the name, too, and no name at all
// while it tries out a configuration; with one filter that is the one.
func normalize(line string, filters []chain.Filter) string {
	e, ok := parseEntry(line)
	if !ok || !e.fromFilter() {
		return line
	}
	rest := strings.TrimPrefix(e.text, filterMark)
	name, text := nameOf(rest, filters)
	if name == "" {
		return line
	}
	if e.level == "warning" {
		e.level = "warn"
	}
	return e.time + " " + e.level + " " + filterMark + " " + name + ": " + text
}

// nameOf finds the filter whose prefix a line has and cuts the prefix off.
func nameOf(rest string, filters []chain.Filter) (name, text string) {
	for _, f := range filters {
		ids := ""
		for _, id := range []string{f.RootID, f.VMID} {
			if id != "" {
				ids += " " + id
			}
		}
		for _, prefix := range []string{" " + f.Name + ids + ": ", ids + ": "} {
			if text, found := strings.CutPrefix(rest, prefix); found && (len(filters) == 1 || strings.HasPrefix(prefix, " "+f.Name)) {
				return f.Name, text
			}
		}
	}
	return "", ""
}
