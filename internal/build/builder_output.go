package build

import (
	"bytes"
	"io"
)

// maxLine bounds a line of output that is held back until its end, in bytes.
const maxLine = 64 << 10

// lineWriter passes text on line by line, without the prefix that paths have in
// a builder container: people see the paths of their own machine.
type lineWriter struct {
	to   io.Writer // nil discards
	from string
	line []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	if w.to == nil {
		return len(p), nil
	}
	w.line = append(w.line, p...)
	end := bytes.LastIndexByte(w.line, '\n') + 1
	if end == 0 && len(w.line) > maxLine {
		end = len(w.line)
	}
	if err := w.pass(end); err != nil {
		return 0, err
	}
	return len(p), nil
}

// flush passes on a last line that has no end.
func (w *lineWriter) flush() { _ = w.pass(len(w.line)) }

func (w *lineWriter) pass(end int) error {
	if end == 0 || w.to == nil {
		return nil
	}
	text := bytes.ReplaceAll(w.line[:end], []byte(w.from), nil)
	w.line = append(w.line[:0], w.line[end:]...)
	_, err := w.to.Write(text)
	return err
}
