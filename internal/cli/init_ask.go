package cli

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/scaffold"
	"github.com/wasmctl/wasmctl/internal/ui"
)

// complete fills in what the command line leaves open, by questions where they
// can be put and by the defaults elsewhere, and opens the template. Values that
// are wrong are refused before anything is asked.
func (o *initOptions) complete(ctx context.Context, a *app, params map[string]string) (*scaffold.Template, error) {
	asks := !o.yes && a.CanAsk()
	if err := o.checkName(); err != nil {
		return nil, err
	}
	if err := o.chooseTemplate(ctx, a, asks); err != nil {
		return nil, err
	}
	t, err := scaffold.Open(ctx, o.language, o.template)
	if err != nil {
		return nil, asUsage(err)
	}
	if err := t.CheckGiven(params); err != nil {
		return nil, asUsage(err)
	}
	if asks {
		if err := o.askName(ctx, a); err != nil {
			return nil, err
		}
		if err := o.askParameters(ctx, a, t, params); err != nil {
			return nil, err
		}
	}
	if o.name == "" {
		if o.name, err = nameOfDir(or(o.dir, ".")); err != nil {
			return nil, err
		}
	}
	o.dir = or(o.dir, o.name)
	if o.ide {
		return t, t.AddEditorFiles()
	}
	return t, nil
}

func (o *initOptions) checkName() error {
	if o.name == "" {
		return nil
	}
	return asUsage(project.ValidateName(o.name))
}

// chooseTemplate settles the language and the template. One of the user's own
// says itself which language it is for.
func (o *initOptions) chooseTemplate(ctx context.Context, a *app, asks bool) error {
	if scaffold.IsOwn(o.template) {
		if scaffold.IsRemote(o.template) {
			a.say("Fetching the template %s.", scaffold.Public(o.template))
		}
		return nil
	}
	languages, err := scaffold.Languages()
	if err != nil {
		return err
	}
	language := languages[0]
	if o.language != "" {
		if language, err = scaffold.FindLanguage(o.language); err != nil {
			return asUsage(err)
		}
	}
	if o.template != "" {
		if _, err := scaffold.Open(ctx, string(language.Name), o.template); err != nil {
			return asUsage(err)
		}
	}
	if o.language == "" && asks {
		if o.language, err = askLanguage(ctx, a, languages); err != nil {
			return err
		}
		if language, err = scaffold.FindLanguage(o.language); err != nil {
			return err
		}
	}
	o.language = string(language.Name)
	if o.template == "" && asks {
		return o.askTemplate(ctx, a, language.Templates)
	}
	o.template = or(o.template, language.Templates[0].Name)
	return nil
}

func askLanguage(ctx context.Context, a *app, languages []scaffold.Language) (answer string, err error) {
	choices := make([]ui.Choice, len(languages))
	for i, l := range languages {
		choices[i] = ui.Choice{Value: string(l.Name), Label: l.Title + ": " + l.Description}
	}
	err = ui.Ask(ctx, a.Streams, ui.Question{Title: "Language", Choices: choices, Answer: &answer})
	return answer, err
}

func (o *initOptions) askTemplate(ctx context.Context, a *app, templates []scaffold.Summary) error {
	choices := make([]ui.Choice, len(templates))
	for i, t := range templates {
		choices[i] = ui.Choice{Value: t.Name, Label: t.Name + ": " + t.Description}
	}
	return ui.Ask(ctx, a.Streams, ui.Question{Title: "Template", Choices: choices, Answer: &o.template})
}

func (o *initOptions) askName(ctx context.Context, a *app) error {
	if o.name != "" {
		return nil
	}
	if o.dir != "" {
		o.name, _ = nameOfDir(o.dir) // only a proposal here
	}
	return ui.Ask(ctx, a.Streams, ui.Question{Title: "Name of the filter", Answer: &o.name, Check: project.ValidateName})
}

// askParameters asks for the parameters that are not given, one after the other:
// the proposal for one may depend on the answers before.
func (o *initOptions) askParameters(ctx context.Context, a *app, t *scaffold.Template, params map[string]string) error {
	for _, p := range t.Parameters {
		if _, given := params[p.Name]; given {
			continue
		}
		proposal, _, err := t.Default(ctx, p, o.name, params)
		if err != nil && !errors.As(err, new(*scaffold.ValueError)) { // a default that does not fit is only a proposal here
			return err
		}
		q := ui.Question{Title: p.Prompt, Answer: &proposal, Check: p.Check}
		for _, c := range p.Choices {
			q.Choices = append(q.Choices, ui.Choice{Value: c, Label: c})
		}
		if err := ui.Ask(ctx, a.Streams, q); err != nil {
			return err
		}
		params[p.Name] = proposal
	}
	return nil
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
	languages, err := scaffold.Languages()
	if err != nil {
		return nil
	}
	names := make([]string, len(languages))
	for i, l := range languages {
		names[i] = string(l.Name)
	}
	return names
}

// templateNames are those that every language has.
func templateNames() []string {
	languages, err := scaffold.Languages()
	if err != nil {
		return nil
	}
	var names []string
	for _, t := range languages[0].Templates {
		names = append(names, t.Name)
	}
	return names
}
