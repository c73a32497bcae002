package hint_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
)

func TestOf(t *testing.T) {
	t.Parallel()
	inner := hint.Errorf("do this", "no %q: %w", "x", fs.ErrNotExist)
	cases := []struct {
		name string
		err  error
		want []string
	}{
		{"nil", nil, nil},
		{"none", fs.ErrNotExist, nil},
		{"wrapped", fmt.Errorf("outer: %w", inner), []string{"do this"}},
		{"outermost first", hint.Wrap(inner, "first that"), []string{"first that", "do this"}},
		{"once", hint.Wrap(inner, "do this"), []string{"do this"}},
		{"joined", errors.Join(inner, hint.Errorf("and that", "y")), []string{"do this", "and that"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := hint.Of(c.err); !slices.Equal(got, c.want) {
				t.Errorf("Of(%v) = %q, want %q", c.err, got, c.want)
			}
		})
	}
}

func TestHintedErrorKeepsTextAndChain(t *testing.T) {
	t.Parallel()
	err := hint.Errorf("next", "open %s: %w", "f", fs.ErrNotExist)
	if got, want := err.Error(), "open f: file does not exist"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("the cause is lost")
	}
	if hint.Wrap(nil, "next") != nil {
		t.Error("a nil error became one")
	}
}
