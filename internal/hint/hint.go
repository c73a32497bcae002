// Package hint attaches the next step to an error, so that the package that
// knows the cause can also say what the user may do about it. The command line
// prints the hints of an error below its message.
package hint

import (
	"errors"
	"fmt"
)

// Wrap returns err with the next step attached. It returns nil when err is nil.
func Wrap(err error, next string) error {
	if err == nil {
		return nil
	}
	return &hinted{err: err, next: next}
}

// Errorf is fmt.Errorf, %w included, with the next step attached.
func Errorf(next, format string, args ...any) error {
	return Wrap(fmt.Errorf(format, args...), next)
}

// Of returns the next steps attached to err and to the errors it wraps, the
// outermost first and each text once.
func Of(err error) []string {
	var steps []string
	seen := map[string]bool{}
	walk(err, func(next string) {
		if !seen[next] {
			seen[next] = true
			steps = append(steps, next)
		}
	})
	return steps
}

// hinted is an error whose text is that of the cause alone.
type hinted struct {
	err  error
	next string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

// walk visits the hints of the whole error tree, errors.Join included.
func walk(err error, visit func(string)) {
	if err == nil {
		return
	}
	if h, ok := err.(*hinted); ok { //nolint:errorlint // the tree is walked here, node by node
		visit(h.next)
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			walk(e, visit)
		}
		return
	}
	walk(errors.Unwrap(err), visit)
}
