package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
)

// format is how a result is written to stdout.
type format string

const (
	formatText format = "text"
	formatJSON format = "json"
)

var formats = []string{string(formatText), string(formatJSON)}

// result is what a command prints when it is done. It marshals to JSON.
type result interface {
	// Text writes the result for a person, or for a pipe.
	Text(w io.Writer) error
}

// print writes a result to stdout in the chosen format.
func (a *app) print(r result) error {
	if a.format == formatJSON {
		return writeJSON(a.Out, r)
	}
	return r.Text(a.Out)
}

// say tells the story on stderr, unless --quiet or JSON is asked for.
func (a *app) say(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.progress.Writer(a.Err), format+"\n", args...)
	}
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// outputFlag is -o of a command that writes no file: text or json.
type outputFlag struct{ format *format }

func (f outputFlag) String() string { return string(*f.format) }
func (f outputFlag) Type() string   { return "FORMAT" }

func (f outputFlag) Set(s string) error {
	if !slices.Contains(formats, s) {
		return fmt.Errorf("%q is not a format: use text or json", s)
	}
	*f.format = format(s)
	return nil
}

// addOutput gives a command -o FORMAT.
func addOutput(cmd *cobra.Command, a *app) {
	cmd.Flags().VarP(outputFlag{&a.format}, "output", "o", "print the result as text or json")
	completeValues(cmd, "output", formats...)
}

// outputOrFile is -o of a command that can write a file: text and json are
// formats as everywhere, anything else is the file (./json is a file too).
// It may be given twice, once for each.
type outputOrFile struct {
	outputFlag
	file *string
}

func (f outputOrFile) Type() string { return "FILE|FORMAT" }

func (f outputOrFile) String() string {
	if *f.file != "" {
		return *f.file
	}
	return f.outputFlag.String()
}

func (f outputOrFile) Set(s string) error {
	if slices.Contains(formats, s) {
		return f.outputFlag.Set(s)
	}
	if s == "" {
		return fmt.Errorf("it is empty: name a file, or text or json")
	}
	*f.file = s
	return nil
}

// addOutputOrFile gives a command -o FILE|FORMAT.
func addOutputOrFile(cmd *cobra.Command, a *app, file *string) {
	cmd.Flags().VarP(outputOrFile{outputFlag{&a.format}, file}, "output", "o",
		"write the module to `FILE`; text or json: print the result so")
}

// completeValues offers fixed values for a flag in shell completion.
func completeValues(cmd *cobra.Command, flag string, values ...string) {
	// The only error is a flag that does not exist, which a test of every
	// command's completion finds.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// relative is path as seen from the working directory, where that is shorter.
func relative(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(wd, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}
