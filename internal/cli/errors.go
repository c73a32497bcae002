package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/suggest"
)

// usageError is a command line that cannot be understood: exit code 2, with the
// usage of the command printed below.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// argCount checks the number of arguments; most is -1 for any number. what
// names them in the message.
func argCount(least, most int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least && len(args) == 0:
			return usagef("%s is missing", what)
		case len(args) < least:
			return usagef("%s: only %d given", what, len(args))
		case most >= 0 && len(args) > most:
			return usagef("unexpected argument %q", args[most])
		}
		return nil
	}
}

// flagError turns cobra's complaint about a flag into a usage error, with the
// flag that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !unknown {
		return &usageError{err}
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if near := suggest.Nearest(name, known); near != "" {
		return &usageError{hint.Wrap(err, "did you mean --"+near+"?")}
	}
	return &usageError{err}
}

// group is the RunE of a command that only holds others.
func group(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var known []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	err := fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
	if near := suggest.Nearest(args[0], known); near != "" {
		err = hint.Wrap(err, fmt.Sprintf("did you mean '%s %s'?", cmd.CommandPath(), near))
	}
	return &usageError{err}
}

// oneOf checks a flag that takes one of a few values.
func oneOf(flag, value string, values ...string) error {
	if slices.Contains(values, value) {
		return nil
	}
	err := fmt.Errorf("%s %q is none of %s", flag, value, strings.Join(values, ", "))
	if near := suggest.Nearest(value, values); near != "" {
		err = hint.Wrap(err, fmt.Sprintf("did you mean %s?", near))
	}
	return &usageError{err}
}
