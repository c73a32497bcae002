package ui

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/wasmctl/wasmctl/internal/progress"
)

// Progress draws the events of running tasks on stderr: a bar a task on a
// terminal, nothing in a pipe, where a log would only be cluttered.
type Progress struct {
	streams Streams
	mu      sync.Mutex
	tasks   []progress.Event // running, in the order of their start
	started map[string]time.Time
	drawn   int // lines on the terminal now
	last    time.Time
	now     func() time.Time
	stop    chan struct{} // ends the ticker; nil while no task runs
}

// NewProgress returns a Progress that draws on s.Err.
func NewProgress(s Streams) *Progress {
	return &Progress{streams: s, started: map[string]time.Time{}, now: time.Now}
}

// Tasks that end within quiet are never drawn; a redraw comes at most every frame.
const (
	quiet = 150 * time.Millisecond
	frame = 80 * time.Millisecond
)

// Report takes one event. It is a progress.Func and safe for concurrent use.
func (p *Progress) Report(e progress.Event) {
	if !p.streams.ErrTerminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keep(e)
	p.tick()
	ended := e.State == progress.Done || e.State == progress.Failed
	if now := p.now(); ended || now.Sub(p.last) >= frame {
		p.last = now
		p.redraw()
	}
}

// keep brings the list of running tasks up to date.
func (p *Progress) keep(e progress.Event) {
	index := -1
	for i := range p.tasks {
		if p.tasks[i].Task == e.Task {
			index = i
		}
	}
	ended := e.State == progress.Done || e.State == progress.Failed
	switch {
	case ended && index >= 0:
		p.tasks = append(p.tasks[:index], p.tasks[index+1:]...)
		delete(p.started, e.Task)
	case ended:
	case index >= 0:
		p.tasks[index] = e
	default:
		p.tasks = append(p.tasks, e)
		p.started[e.Task] = p.now()
	}
}

// tick keeps a ticker going while tasks run, so that the time of a task that
// reports nothing, such as a compiler, still moves.
func (p *Progress) tick() {
	switch {
	case len(p.tasks) > 0 && p.stop == nil:
		p.stop = make(chan struct{})
		go p.redrawUntil(p.stop)
	case len(p.tasks) == 0 && p.stop != nil:
		close(p.stop)
		p.stop = nil
	}
}

func (p *Progress) redrawUntil(stop <-chan struct{}) {
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			p.mu.Lock()
			if len(p.tasks) > 0 {
				p.redraw()
			}
			p.mu.Unlock()
		}
	}
}

// SetColor allows or forbids colour from here on.
func (p *Progress) SetColor(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams.Color = on
}

// Writer returns w for text that must not run into the bars: they are taken
// away before each write and drawn again with the next event.
func (p *Progress) Writer(w io.Writer) io.Writer {
	if !p.streams.ErrTerminal {
		return w
	}
	return writerFunc(func(b []byte) (int, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.clear()
		return w.Write(b)
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// Close takes the bars away.
func (p *Progress) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tasks = nil
	p.tick()
	p.clear()
}

func (p *Progress) redraw() {
	p.clear()
	var b strings.Builder
	for _, e := range p.tasks {
		since := p.now().Sub(p.started[e.Task])
		if since < quiet {
			continue
		}
		b.WriteString(ansi.Truncate(p.line(e, since), p.streams.width()-1, "…"))
		b.WriteByte('\n')
		p.drawn++
	}
	io.WriteString(p.streams.Err, b.String()) //nolint:errcheck // a bar that cannot be drawn is no loss
}

// clear takes away what redraw drew.
func (p *Progress) clear() {
	if p.drawn > 0 {
		fmt.Fprintf(p.streams.Err, "\x1b[%dA\x1b[J", p.drawn)
		p.drawn = 0
	}
}

const barWidth = 24

func (p *Progress) line(e progress.Event, since time.Duration) string {
	style := p.streams.ErrStyle()
	if e.Total <= 0 {
		return fmt.Sprintf("%s %s", e.Task, style.Dim(elapsed(since, e)))
	}
	filled := int(min(e.Current, e.Total) * barWidth / e.Total)
	bar := style.Good(strings.Repeat("█", filled)) + style.Dim(strings.Repeat("░", barWidth-filled))
	return fmt.Sprintf("%s %s / %s %s", bar, Bytes(e.Current), Bytes(e.Total), e.Task)
}

// elapsed describes a task whose end is unknown.
func elapsed(since time.Duration, e progress.Event) string {
	text := since.Round(100 * time.Millisecond).String()
	if e.Current > 0 {
		text = Bytes(e.Current) + ", " + text
	}
	if e.Message != "" {
		text = e.Message + ", " + text
	}
	return text
}
