package ui

import (
	"context"
	"errors"

	"charm.land/huh/v2"
)

// ErrAborted is returned when the person ended the questions with Ctrl-C or Esc.
var ErrAborted = errors.New("aborted")

// Choice is one answer of a Select.
type Choice struct{ Value, Label string }

// Question is one thing that is asked. With Choices it is a pick from a list,
// otherwise a line of text that starts as Answer holds it.
type Question struct {
	Title   string
	Choices []Choice
	// Check refuses an answer with an error that says why. It may be nil.
	Check func(string) error
	// Answer receives the answer.
	Answer *string
}

// Ask puts the questions, one after the other, on stderr. The caller checks
// CanAsk first.
func Ask(ctx context.Context, s Streams, questions ...Question) error {
	fields := make([]*huh.Group, len(questions))
	for i, q := range questions {
		fields[i] = huh.NewGroup(field(q))
	}
	form := huh.NewForm(fields...).WithInput(s.In).WithOutput(s.Err).WithShowHelp(true)
	if !s.Color {
		form = form.WithTheme(huh.ThemeFunc(huh.ThemeBase))
	}
	err := form.RunWithContext(ctx)
	if errors.Is(err, huh.ErrUserAborted) {
		return ErrAborted
	}
	return err
}

func field(q Question) huh.Field {
	if len(q.Choices) == 0 {
		input := huh.NewInput().Title(q.Title).Value(q.Answer)
		if q.Check != nil {
			input = input.Validate(q.Check)
		}
		return input
	}
	options := make([]huh.Option[string], len(q.Choices))
	for i, c := range q.Choices {
		options[i] = huh.NewOption(c.Label, c.Value)
	}
	return huh.NewSelect[string]().Title(q.Title).Options(options...).Value(q.Answer)
}
