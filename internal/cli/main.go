// Package cli is the command line of wasmctl: a file a command, the groups of
// flags that commands share, and the border where results and errors become
// text. It alone knows all the stages; no stage knows it.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/ui"
)

// The exit codes of wasmctl.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitTimeout     = 124
	exitInterrupted = 130
)

// errInterrupted is the cause of a context that a signal cancelled.
var errInterrupted = errors.New("interrupted")

// SignalContext returns a context that the first SIGINT or SIGTERM cancels, so
// that everything started can be ended in order. A second signal ends the
// process at once. Call stop when done.
func SignalContext() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; ok {
			cancel(errInterrupted)
			signal.Stop(signals) // the next one has its default effect
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// Run runs one command line and returns the exit code. It is the only place
// that prints errors: the cause, then the next step.
func Run(ctx context.Context, streams ui.Streams, args []string) int {
	app := newApp(streams)
	root := newRoot(app)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	app.progress.Close()
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errInterrupted) || errors.Is(context.Cause(ctx), errInterrupted) {
		fmt.Fprintln(app.Err, "Interrupted.")
		return exitInterrupted
	}
	if errors.Is(err, ui.ErrAborted) {
		return exitInterrupted
	}
	return app.printError(command, err)
}

// printError prints err with its hints and returns the exit code it stands for.
func (a *app) printError(command *cobra.Command, err error) int {
	a.printProblem(err)
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		fmt.Fprintf(a.Err, "\nUsage: %s\nRun '%s --help' for more.\n", command.UseLine(), command.CommandPath())
		return exitUsage
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return exitTimeout
	}
	return exitFailed
}

// printProblem prints err with its hints.
func (a *app) printProblem(err error) {
	style, w := a.ErrStyle(), a.progress.Writer(a.Err)
	fmt.Fprintln(w, style.Bad("Error:"), err)
	for _, next := range hint.Of(err) {
		fmt.Fprintln(w, style.Good("Hint:"), next)
	}
}
