package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/ui"
)

// WriteReference writes the reference of all commands as Markdown.
func WriteReference(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Reference\n\nMade from the commands by `make docs`; changes here are lost.\n")
	root := newRoot(newApp(ui.Streams{}))
	root.InitDefaultCompletionCmd()
	describe(&b, root)
	_, err := io.WriteString(w, b.String())
	return err
}

// referenceWidth is the columns of the reference, those of a plain terminal.
const referenceWidth = 80

func describe(b *strings.Builder, c *cobra.Command) {
	if c.Name() == "help" {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n", c.CommandPath())
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	fenced(b, text)
	if c.Runnable() && !c.HasAvailableSubCommands() {
		fmt.Fprintf(b, "\nUsage: `%s`\n", c.UseLine())
	}
	if c.Example != "" {
		b.WriteString("\nExamples:\n\n")
		fenced(b, dedent(c.Example))
	}
	if flags := c.NonInheritedFlags(); flags.HasAvailableFlags() {
		b.WriteString("\nFlags:\n\n")
		fenced(b, strings.TrimRight(flags.FlagUsagesWrapped(referenceWidth), "\n"))
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			describe(b, sub)
		}
	}
}

// fenced writes text as it is on a terminal.
func fenced(b *strings.Builder, text string) {
	fmt.Fprintf(b, "```text\n%s\n```\n", strings.TrimRight(text, "\n"))
}

func dedent(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}
