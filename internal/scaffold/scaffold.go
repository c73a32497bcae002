// Package scaffold makes new projects out of templates: those that are embedded
// in wasmctl, and the user's own in folders and git repositories. It renders a
// template to a plan in memory and writes the plan, all of it or nothing. No
// program of a template runs meanwhile.
package scaffold

import (
	"context"
	"fmt"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/suggest"
	"github.com/wasmctl/wasmctl/internal/yamlfile"
)

// Language is a programming language that templates are offered in.
type Language struct {
	Name project.Language `json:"name"`
	// Title is the name of the language as people write it.
	Title string `json:"title"`
	// Aliases are other names that are understood.
	Aliases []string `json:"aliases,omitempty"`
	// Description says in a line what a project in the language is made with.
	Description string `json:"description"`
	// Templates are in the order to show them in.
	Templates []Summary `json:"templates"`
}

// Summary is a kind of filter that a project can start from.
type Summary struct {
	Name string `json:"name"`
	// Description says in a line what the filter does.
	Description string `json:"description"`
	// Parameters are what a project from it can be given besides its name.
	Parameters []Parameter `json:"parameters,omitempty"`
}

// Template is a template with all its files, ready to be rendered.
type Template struct {
	Summary
	// Language is that of the projects. A user's template may leave it open: "".
	Language project.Language
	Origin   Origin

	files []file
	// complete says that the template brings a wasmctl.yaml.
	complete bool
}

// Origin says where a template of the user's own comes from. The zero value is
// that of a built-in one.
type Origin struct {
	// Dir is the folder on this machine, or the one in the repository.
	Dir string `json:"dir,omitempty"`
	// URL is that of the git repository, without a password, and Ref the tag,
	// branch or commit that was asked for, "" for what the repository itself
	// puts first.
	URL string `json:"url,omitempty"`
	Ref string `json:"ref,omitempty"`
	// Commit is the commit that was used.
	Commit string `json:"commit,omitempty"`
}

// Find finds a template of the language by its name. The error is *UnknownError.
func (l Language) Find(name string) (Summary, error) {
	names := make([]string, len(l.Templates))
	for i, t := range l.Templates {
		if t.Name == name {
			return t, nil
		}
		names[i] = t.Name
	}
	return Summary{}, unknown("template", name, names)
}

// FindLanguage finds a language by its name or an alias of it. The error is
// *UnknownError.
func FindLanguage(name string) (Language, error) {
	offered, err := Languages()
	if err != nil {
		return Language{}, err
	}
	names := make([]string, len(offered))
	var aliases []string
	for i, l := range offered {
		names[i] = string(l.Name)
		for _, known := range append([]string{names[i]}, l.Aliases...) {
			if strings.EqualFold(name, known) {
				return l, nil
			}
			aliases = append(aliases, known)
		}
	}
	err = &UnknownError{Kind: "language", Name: name, Offered: names}
	return Language{}, near(err, name, aliases)
}

// UnknownError says that a language, a template or a parameter is not offered.
type UnknownError struct {
	// Kind is "language", "template" or "parameter".
	Kind string
	// Name is what was asked for.
	Name string
	// Offered are the valid names.
	Offered []string
}

func (e *UnknownError) Error() string {
	if len(e.Offered) == 0 {
		return fmt.Sprintf("unknown %s %q (there is none)", e.Kind, shorten(e.Name))
	}
	return fmt.Sprintf("unknown %s %q (offered: %s)", e.Kind, shorten(e.Name), strings.Join(e.Offered, ", "))
}

func unknown(kind, name string, offered []string) error {
	return near(&UnknownError{Kind: kind, Name: name, Offered: offered}, name, offered)
}

// near adds what was probably meant to the error about a word.
func near(err error, word string, offered []string) error {
	if near := suggest.Nearest(word, offered); near != "" {
		return hint.Wrap(err, fmt.Sprintf("did you mean %q?", near))
	}
	return hint.Wrap(err, "'wasmctl init --list' shows the languages, their templates and the parameters of these")
}

// shorten cuts a text from outside to what a message can hold.
func shorten(text string) string { return yamlfile.Shorten(text) }

// Open opens the template that reference names: "./dir", "../dir" and absolute
// paths name folders, "git+https://..." and the like repositories, all else a
// template in the language. With a user's template the language may be "", else
// it must be that of the template if it has one. The errors are *UnknownError,
// *LanguageError, *yamlfile.Error, *NameError and those of reading.
func Open(ctx context.Context, language, reference string) (*Template, error) {
	if !IsOwn(reference) {
		return openBuiltIn(language, reference)
	}
	t, err := openOwn(ctx, reference)
	if err != nil || language == "" {
		return t, err
	}
	if l, err := FindLanguage(language); err == nil {
		language = string(l.Name)
	} else if !t.complete {
		return nil, err
	}
	if t.Language != "" && string(t.Language) != language {
		err := &LanguageError{Template: reference, Language: t.Language, Asked: language}
		return nil, hint.Wrap(err, "leave --language out")
	}
	t.Language = project.Language(language)
	return t, nil
}

// LanguageError says that a user's template is for another language.
type LanguageError struct {
	Template string
	Language project.Language
	// Asked is the language that was asked for.
	Asked string
}

func (e *LanguageError) Error() string {
	return fmt.Sprintf("the template %s is for %s, not for %s", e.Template, e.Language, e.Asked)
}
