package scaffold

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"
)

// A template may come from anybody, and text/template is a language in which a
// line of text runs for ever or fills the memory. What one project may cost is
// bounded here: the functions that make long texts are not offered or have a
// limit, the work in loops and pieces is counted, and so is what is written.
const (
	// maxRendered is the most that one file may be rendered to, in bytes.
	maxRendered = 1 << 20
	// maxSteps is how much work all files of a project may be together. The
	// parts of an action and turns of loops are counted, see count; a million
	// steps take about a second.
	maxSteps = 1_000_000
	// maxText is the longest text that a function makes, in bytes. A step of
	// copying is bytesAStep long.
	maxText, bytesAStep = 64 << 10, 256
)

// errBound is wrapped by the errors of a template that costs too much.
var errBound = errors.New("the template goes too far")

var (
	errTooManySteps = fmt.Errorf("%w: it takes more than %d steps", errBound, maxSteps)
	errTooLarge     = fmt.Errorf("%w: a file becomes larger than %d KiB", errBound, maxRendered>>10)
	errTooLong      = fmt.Errorf("%w: a text becomes longer than %d KiB", errBound, maxText>>10)
)

// work renders the files of one project, and counts.
type work struct {
	ctx   context.Context //nolint:containedctx // for the length of one call
	data  data
	steps int
	out   bytes.Buffer
}

// execute renders a text. pieces are those of other texts; of two with one name
// the later counts, and the text's own before all.
func (w *work) execute(t *text, pieces ...*text) ([]byte, error) {
	set := template.New(t.name).Option("missingkey=error").
		Funcs(template.FuncMap{"print": w.print, "quote": w.quote, stepFunction: w.step})
	for _, from := range append(pieces[:len(pieces):len(pieces)], t) {
		for name, tree := range from.pieces {
			if _, err := set.AddParseTree(name, tree); err != nil {
				return nil, err
			}
		}
	}
	if _, err := set.AddParseTree(t.name, t.root); err != nil {
		return nil, err
	}
	w.out = bytes.Buffer{}
	if err := set.Execute(w, w.data); err != nil {
		return nil, w.explain(t.name, err)
	}
	return w.out.Bytes(), nil
}

// explain says where a text failed, in as many words as its author needs.
func (w *work) explain(name string, err error) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	for _, bound := range []error{errTooManySteps, errTooLarge, errTooLong} {
		if errors.Is(err, bound) {
			return fmt.Errorf("render %s: %w", name, bound)
		}
	}
	return fmt.Errorf("render %s", strings.TrimPrefix(err.Error(), "template: "))
}

// step counts. It writes nothing.
func (w *work) step(cost int) (string, error) {
	if w.steps += cost; w.steps > maxSteps {
		return "", errTooManySteps
	}
	return "", w.ctx.Err()
}

func (w *work) Write(p []byte) (int, error) {
	if w.out.Len()+len(p) > maxRendered {
		return 0, errTooLarge
	}
	return w.out.Write(p)
}

// print is fmt.Sprint with a bound: a text that is doubled in a loop has a
// gigabyte after 30 turns.
func (w *work) print(args ...any) (string, error) {
	var b strings.Builder
	for _, a := range args {
		text := fmt.Sprint(a)
		if b.Len()+len(text) > maxText {
			return "", errTooLong
		}
		b.WriteString(text)
	}
	_, err := w.step(b.Len() / bytesAStep)
	return b.String(), err
}

// quote writes a text in quotes as JSON and most languages have it.
func (w *work) quote(text string) (string, error) {
	if len(text) > maxText {
		return "", errTooLong
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return "", err
	}
	_, err := w.step(b.Len() / bytesAStep)
	return strings.TrimSuffix(b.String(), "\n"), err
}
