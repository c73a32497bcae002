package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/proxy"
	"github.com/wasmctl/wasmctl/internal/ui"
)

// runView shows what a running host does. On a terminal a request is a line,
// with the filters' log below it. In a pipe the filters' log goes to stderr, a
// line each. As JSON every event is a line on stdout.
type runView struct {
	a *app
	// level is the least that is shown, or "off".
	level string
	mu    sync.Mutex
}

// logOff shows no log line. It is the command line's own: a filter's lines have levels.
const logOff = "off"

// attach asks the host for just the events that are shown, since each costs time.
func (v *runView) attach(o *proxy.Options) {
	o.LogLevel = v.level
	if v.level == logOff {
		o.LogLevel = "critical" // the fewest; requestLine and requestJSON drop them
	}
	switch {
	case v.a.format == formatJSON:
		o.OnRequest, o.OnLog = v.requestJSON, v.unlessOff(v.logJSON)
	case v.a.OutTerminal:
		o.OnRequest, o.OnLog = v.requestLine, v.unlessOff(v.logBelow)
	default:
		o.OnLog = v.unlessOff(v.logLine)
	}
}

func (v *runView) unlessOff(show func(proxy.LogLine)) func(proxy.LogLine) {
	if v.level == logOff {
		return nil
	}
	return show
}

// Log lines carry the time in UTC with milliseconds.
const logTime = "2006-01-02T15:04:05.000Z"

// logLine is the form for pipes: TIME LEVEL wasm log NAME: TEXT.
func (v *runView) logLine(l proxy.LogLine) {
	v.write(v.a.Err, fmt.Sprintf("%s %s wasm log %s: %s\n", l.Time.UTC().Format(logTime), l.Level, l.Filter, l.Text))
}

// logBelow is a log line outside of any request.
func (v *runView) logBelow(l proxy.LogLine) {
	v.write(v.a.Out, logText(v.a.OutStyle(), l))
}

func logText(style ui.Style, l proxy.LogLine) string {
	level := l.Level
	switch level {
	case "critical", "error":
		level = style.Bad(level)
	case "warn":
		level = style.Warn(level)
	default:
		level = style.Dim(level)
	}
	return fmt.Sprintf("    %s %s: %s\n", level, l.Filter, printable(l.Text))
}

// requestLine is a request on a terminal: status, method, path, time.
func (v *runView) requestLine(e proxy.Exchange) {
	style := v.a.OutStyle()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %s", style.Status(e.Status), e.Method, printable(e.Path), style.Dim(micro(e.Duration)))
	if e.Details != "" && e.Details != viaUpstream {
		b.WriteString(" " + style.Dim(e.Details))
	}
	b.WriteByte('\n')
	if v.level == logOff {
		e.Logs = nil
	}
	for _, l := range e.Logs {
		b.WriteString(logText(style, l))
	}
	v.write(v.a.Out, b.String())
}

// viaUpstream is Envoy's response code detail of the ordinary case.
const viaUpstream = "via_upstream"

func micro(d time.Duration) string {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}

// printable keeps a path from a client from steering the terminal.
func printable(s string) string {
	if !strings.ContainsFunc(s, isControl) {
		return s
	}
	return fmt.Sprintf("%q", s)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) }

// The events of run -o json, one a line; "event" tells them apart.
type (
	readyEvent struct {
		Event    string   `json:"event"`
		Listen   string   `json:"listen"`
		Admin    string   `json:"admin"`
		Upstream string   `json:"upstream"`
		Filters  []string `json:"filters"`
	}
	requestEvent struct {
		Event string `json:"event"`
		proxy.Exchange
	}
	logEvent struct {
		Event string `json:"event"`
		proxy.LogLine
	}
)

func (v *runView) requestJSON(e proxy.Exchange) {
	if v.level == logOff {
		e.Logs = nil
	}
	v.writeLine(requestEvent{"request", e})
}

func (v *runView) logJSON(l proxy.LogLine) { v.writeLine(logEvent{"log", l}) }

func (v *runView) writeLine(event any) {
	line, err := json.Marshal(event)
	if err != nil {
		line = fmt.Appendf(nil, "{\"event\":\"error\",\"text\":%q}", err.Error())
	}
	v.write(v.a.Out, string(line)+"\n")
}

// write keeps the lines of concurrent requests whole.
func (v *runView) write(w io.Writer, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	io.WriteString(w, text) //nolint:errcheck // a reader that left must not end the host
}

// ready tells that the host listens.
func (v *runView) ready(s *proxy.Server, c *chain.Chain) error {
	e := readyEvent{Event: "ready", Listen: s.Addr().String(), Admin: s.AdminAddr().String(), Upstream: upstreamName(c)}
	for _, f := range c.Filters {
		e.Filters = append(e.Filters, f.Name)
	}
	if v.a.format == formatJSON {
		v.writeLine(e)
		return nil
	}
	v.a.say("Listening on %s with %s.", v.a.ErrStyle().Bold("http://"+e.Listen), strings.Join(e.Filters, ", "))
	v.a.say("%s", v.a.ErrStyle().Dim(fmt.Sprintf("Upstream: %s; admin: http://%s; Ctrl-C ends it.", e.Upstream, e.Admin)))
	return nil
}

func upstreamName(c *chain.Chain) string {
	if c.Upstream == nil {
		return "built-in echo"
	}
	return c.Upstream.String()
}
