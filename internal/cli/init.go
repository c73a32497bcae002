package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/scaffold"
)

type initOptions struct {
	dir      string
	language string
	// template is as the command line has it: a name, a folder or a repository.
	template string
	name     string
	module   string
	params   []string
	ide      bool
	force    bool
	yes      bool
	list     bool
}

func newInit(a *app) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Create a filter project",
		Long: `Create a filter project in DIR, or in a folder named after the filter.

What is not given is asked for when stdin and stderr are terminals. With --yes,
or in a pipe, the defaults are taken: the first language and template that
'wasmctl init --list' shows, and the name of the folder.

A template of your own is a folder with a template.yaml, on this machine
(--template ./dir) or in a git repository (--template git+https://HOST/REPO).
Nothing in it is executed.

With --ide in the folder of a project, the settings of editors are added to it,
and no file that is there is touched.`,
		Example: `  wasmctl init my-filter
  wasmctl init my-filter --language go --template path-rewrite --yes
  wasmctl init my-filter --language rust --ide
  wasmctl init my-filter --template ./our-template --param realm=shop
  wasmctl init my-filter --template git+https://git.example.com/filter#v1
  wasmctl init --list`,
		Args: argCount(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.dir = args[0]
			}
			return runInit(cmd.Context(), a, &o)
		},
	}
	o.addFlags(cmd)
	addOutput(cmd, a)
	return cmd
}

func (o *initOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&o.language, "language", "l", "", "the `LANGUAGE` to write the filter in")
	flags.StringVarP(&o.template, "template", "t", "", "the `TEMPLATE` to start from: a name, a folder or a git repository")
	flags.StringVarP(&o.name, "name", "n", "", "the `NAME` of the filter (default: that of DIR)")
	flags.StringArrayVar(&o.params, "param", nil, "give a parameter of the template: `KEY=VALUE`; may be repeated")
	flags.StringVar(&o.module, "module", "", "the `PATH` of the Go module: short for --param module=PATH")
	flags.BoolVar(&o.ide, "ide", false, "add settings for editors and a development container")
	flags.BoolVar(&o.force, "force", false, "allow a DIR that is not empty; nothing in it is overwritten")
	flags.BoolVarP(&o.yes, "yes", "y", false, "never ask, take the defaults")
	flags.BoolVar(&o.list, "list", false, "list the languages and templates")
	completeLater(cmd, "language", languageNames)
	completeLater(cmd, "template", templateNames)
}

// completeLater offers values for a flag that are found when they are asked for:
// reading the templates would cost each command a moment. Other words, such as
// files, are offered too.
func completeLater(cmd *cobra.Command, flag string, values func() []string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values(), cobra.ShellCompDirectiveDefault
	})
}

func runInit(ctx context.Context, a *app, o *initOptions) error {
	if o.list {
		languages, err := scaffold.Languages()
		if err != nil {
			return err
		}
		return a.print(languageList{languages})
	}
	params, err := o.parameters()
	if err != nil {
		return err
	}
	if o.ide {
		if p, err := project.Load(or(o.dir, ".")); !errors.Is(err, project.ErrNotFound) {
			return runInitEditor(ctx, a, o, p, err)
		}
	}
	t, err := o.complete(ctx, a, params)
	if err != nil {
		return err
	}
	plan, err := t.Render(ctx, o.name, params)
	if err != nil {
		return asUsage(err)
	}
	if err := plan.Write(ctx, o.dir, scaffold.WriteOptions{Force: o.force}); err != nil {
		return err
	}
	a.say("Created %s, a %s in %s, from %s.", o.name, filterIn(t.Language), o.dir, describeTemplate(t))
	a.say("%s", a.ErrStyle().Dim(nextSteps(o.dir)))
	if a.format == formatText && a.OutTerminal && !a.quiet {
		return nil // the person has just been told
	}
	return a.print(newInitResult(o.dir, t, plan))
}

// runInitEditor adds the files of editors to a project. err is that of loading it.
func runInitEditor(ctx context.Context, a *app, o *initOptions, p *project.Project, err error) error {
	if err != nil {
		return err
	}
	for flag, given := range map[string]bool{
		"language": o.language != "", "template": o.template != "", "name": o.name != "", "module": o.module != "", "param": len(o.params) > 0,
	} {
		if given {
			return usagef("--%s has no use: %s is a project already, and --ide only adds the files of editors", flag, or(o.dir, "."))
		}
	}
	t, err := scaffold.OpenEditorFiles(p.Language)
	if err != nil {
		return err
	}
	plan, err := t.Render(ctx, p.Name, nil)
	if err != nil {
		return err
	}
	plan, kept, err := plan.Missing(p.Dir)
	if err != nil {
		return err
	}
	if err := plan.Write(ctx, p.Dir, scaffold.WriteOptions{Force: true}); err != nil {
		return err
	}
	result := newInitResult(p.Dir, t, plan)
	result.Kept = kept
	if len(kept) > 0 {
		a.say("Left as they are: %s.", strings.Join(kept, ", "))
	}
	if len(plan.Files) > 0 {
		a.say("Added %s.", strings.Join(result.Files, ", "))
	}
	if a.format == formatText && a.OutTerminal && !a.quiet {
		return nil
	}
	return a.print(result)
}

// parameters are those of the command line.
func (o *initOptions) parameters() (map[string]string, error) {
	params := map[string]string{}
	given := slices.Clone(o.params)
	if o.module != "" {
		given = append(given, "module="+o.module)
	}
	for _, text := range given {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return nil, usagef("--param %q is not KEY=VALUE", text)
		}
		if _, twice := params[key]; twice {
			return nil, usagef("the parameter %q is given twice", key)
		}
		params[key] = value
	}
	return params, nil
}

// asUsage makes a wrong value on the command line a usage error.
func asUsage(err error) error {
	var unknown *scaffold.UnknownError
	var language *scaffold.LanguageError
	var value *scaffold.ValueError
	var name *project.NameError
	if errors.As(err, &unknown) || errors.As(err, &language) || errors.As(err, &value) || errors.As(err, &name) {
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
