// Package ui is how wasmctl looks on a terminal: colours, progress bars and
// questions. Nothing else in the program knows whether there is a terminal.
package ui

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Streams are the process's standard streams, and what is known of each.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	// InTerminal, OutTerminal and ErrTerminal say whether a person is at the other end.
	InTerminal, OutTerminal, ErrTerminal bool
	// Color allows colour on a stream that is a terminal.
	Color bool
}

// Standard returns the streams of this process. Colour is allowed unless
// NO_COLOR is set to anything (https://no-color.org) or the terminal is dumb.
func Standard() Streams {
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal:  isTerminal(os.Stdin),
		OutTerminal: isTerminal(os.Stdout),
		ErrTerminal: isTerminal(os.Stderr),
		Color:       os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// CanAsk tells whether questions can be put: they are drawn on stderr and
// answered on stdin, so that stdout stays free for the result.
func (s Streams) CanAsk() bool { return s.InTerminal && s.ErrTerminal }

// OutStyle is the style for text on stdout, ErrStyle that for stderr.
func (s Streams) OutStyle() Style { return Style{on: s.Color && s.OutTerminal} }

// ErrStyle is the style for text on stderr.
func (s Streams) ErrStyle() Style { return Style{on: s.Color && s.ErrTerminal} }

// width is how many columns stderr has, at least 20.
func (s Streams) width() int {
	const usual, least = 80, 20
	f, ok := s.Err.(*os.File)
	if !ok {
		return usual
	}
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil || w == 0 {
		return usual
	}
	return max(w, least)
}
