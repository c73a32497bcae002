package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/scaffold"
	"github.com/wasmctl/wasmctl/internal/ui"
)

type initOptions struct {
	scaffold.Parameters
	dir   string
	force bool
	yes   bool
	list  bool
}

func newInit(a *app) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Create a filter project",
		Long: `Create a filter project in DIR, or in a folder named after the filter.

What is not given is asked for when stdin and stderr are terminals. With --yes,
or in a pipe, the defaults are taken: the first language and template that
'wasmctl init --list' shows, and the name of the folder.`,
		Example: `  wasmctl init my-filter
  wasmctl init my-filter --language go --template path-rewrite --yes
  wasmctl init --list`,
		Args: argCount(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.list {
				return a.print(languageList{scaffold.Languages()})
			}
			if len(args) == 1 {
				o.dir = args[0]
			}
			return runInit(cmd.Context(), a, &o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.Language, "language", "l", "", "the `LANGUAGE` to write the filter in")
	flags.StringVarP(&o.Template, "template", "t", "", "the `TEMPLATE` to start from")
	flags.StringVarP(&o.Name, "name", "n", "", "the `NAME` of the filter (default: that of DIR)")
	flags.StringVar(&o.Module, "module", "", "the `PATH` of the Go module (default: the name)")
	flags.BoolVar(&o.force, "force", false, "allow a DIR that is not empty; nothing in it is overwritten")
	flags.BoolVarP(&o.yes, "yes", "y", false, "never ask, take the defaults")
	flags.BoolVar(&o.list, "list", false, "list the languages and templates")
	completeValues(cmd, "language", languageNames()...)
	completeValues(cmd, "template", templateNames()...)
	addOutput(cmd, a)
	return cmd
}

func runInit(ctx context.Context, a *app, o *initOptions) error {
	if err := o.complete(ctx, a); err != nil {
		return err
	}
	plan, err := scaffold.Render(o.Parameters)
	if err != nil {
		return asUsage(err)
	}
	if err := plan.Write(ctx, o.dir, scaffold.WriteOptions{Force: o.force}); err != nil {
		return err
	}
	a.say("Created %s, a %s filter in %s, from %s.", o.Name, o.Language, o.dir, o.Template)
	a.say("%s", a.ErrStyle().Dim(nextSteps(o.dir)))
	if a.format == formatText && a.OutTerminal && !a.quiet {
		return nil // the person has just been told
	}
	return a.print(newInitResult(o.dir, plan))
}

// asUsage makes a wrong value on the command line a usage error.
func asUsage(err error) error {
	var unknown *scaffold.UnknownError
	var name *project.NameError
	if errors.As(err, &unknown) || errors.As(err, &name) {
		return &usageError{err}
	}
	return err
}

func nextSteps(dir string) string {
	step := "Next: wasmctl run"
	if dir != "." {
		step = fmt.Sprintf("Next: cd %s && wasmctl run", dir)
	}
	return step
}

// complete fills in what the command line leaves open: by questions where they
// can be put, by the defaults elsewhere.
func (o *initOptions) complete(ctx context.Context, a *app) error {
	if err := o.checkGiven(); err != nil {
		return err
	}
	if !o.yes && a.CanAsk() {
		if err := o.ask(ctx, a); err != nil {
			return err
		}
	}
	o.Language = or(o.Language, languageNames()[0])
	templates, err := scaffold.Templates(o.Language)
	if err != nil {
		return asUsage(err)
	}
	o.Template = or(o.Template, templates[0].Name)
	if o.Name == "" {
		if o.Name, err = nameOfDir(or(o.dir, ".")); err != nil {
			return err
		}
	}
	o.dir = or(o.dir, o.Name)
	return nil
}

// checkGiven refuses wrong values before anything is asked.
func (o *initOptions) checkGiven() error {
	language := or(o.Language, languageNames()[0])
	if _, err := scaffold.Templates(language); err != nil {
		return asUsage(err)
	}
	if o.Template != "" {
		if _, _, err := scaffold.Lookup(language, o.Template); err != nil {
			return asUsage(err)
		}
	}
	if o.Name != "" {
		return asUsage(project.ValidateName(o.Name))
	}
	return nil
}

// ask puts a question for each value that is missing.
func (o *initOptions) ask(ctx context.Context, a *app) error {
	if o.Language == "" {
		if err := o.askLanguage(ctx, a); err != nil {
			return err
		}
	}
	var questions []ui.Question
	if o.Template == "" {
		templates, err := scaffold.Templates(o.Language)
		if err != nil {
			return err
		}
		choices := make([]ui.Choice, len(templates))
		for i, t := range templates {
			choices[i] = ui.Choice{Value: t.Name, Label: t.Name + ": " + t.Description}
		}
		questions = append(questions, ui.Question{Title: "Template", Choices: choices, Answer: &o.Template})
	}
	if o.Name == "" {
		if o.dir != "" {
			o.Name, _ = nameOfDir(o.dir) // only a proposal here
		}
		questions = append(questions, ui.Question{Title: "Name of the filter", Answer: &o.Name, Check: project.ValidateName})
	}
	if len(questions) == 0 {
		return nil
	}
	return ui.Ask(ctx, a.Streams, questions...)
}

func (o *initOptions) askLanguage(ctx context.Context, a *app) error {
	languages := scaffold.Languages()
	if len(languages) == 1 {
		o.Language = string(languages[0].Name)
		return nil
	}
	choices := make([]ui.Choice, len(languages))
	for i, l := range languages {
		choices[i] = ui.Choice{Value: string(l.Name), Label: l.Title + ": " + l.Description}
	}
	return ui.Ask(ctx, a.Streams, ui.Question{Title: "Language", Choices: choices, Answer: &o.Language})
}

// nameOfDir derives a filter's name from a folder's.
func nameOfDir(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	base := filepath.Base(abs)
	name := project.NameFrom(base)
	if name == "" {
		return "", &usageError{hint.Errorf("give one with --name", "no name can be derived from the folder %q", base)}
	}
	return name, nil
}

func languageNames() []string {
	var names []string
	for _, l := range scaffold.Languages() {
		names = append(names, string(l.Name))
	}
	return names
}

// templateNames are those of all languages, each once.
func templateNames() []string {
	var names []string
	seen := map[string]bool{}
	for _, l := range scaffold.Languages() {
		for _, t := range l.Templates {
			if !seen[t.Name] {
				seen[t.Name] = true
				names = append(names, t.Name)
			}
		}
	}
	return names
}

// initResult is the new project.
type initResult struct {
	Dir        string              `json:"dir"`
	Parameters scaffold.Parameters `json:"parameters"`
	Files      []string            `json:"files"`
}

func newInitResult(dir string, plan *scaffold.Plan) initResult {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	r := initResult{Dir: dir, Parameters: plan.Parameters}
	for _, f := range plan.Files {
		r.Files = append(r.Files, f.Path)
	}
	return r
}

// Text prints the folder.
func (r initResult) Text(w io.Writer) error {
	_, err := fmt.Fprintln(w, relative(r.Dir))
	return err
}

// languageList is the answer to init --list.
type languageList struct {
	Languages []scaffold.Language `json:"languages"`
}

func (l languageList) Text(w io.Writer) error {
	t := newTable(w, "LANGUAGE", "TEMPLATE", "DESCRIPTION")
	for _, language := range l.Languages {
		for _, template := range language.Templates {
			t.row(string(language.Name), template.Name, template.Description)
		}
	}
	return t.flush()
}
