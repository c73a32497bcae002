// Package scaffold makes new projects out of the embedded templates: it renders
// a template to a plan in memory and writes the plan, all of it or nothing.
package scaffold

import (
	"fmt"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/suggest"
)

// Language is a programming language that templates are offered in.
type Language struct {
	Name project.Language `json:"name"`
	// Title is the name of the language as people write it.
	Title string `json:"title"`
	// Description says in a line what a project in the language is made with.
	Description string `json:"description"`
	// Templates are in the order to show them in.
	Templates []Template `json:"templates"`
}

// Template is a kind of filter that a project can start from.
type Template struct {
	Name string `json:"name"`
	// Description says in a line what the filter does.
	Description string `json:"description"`
}

// Languages lists what is offered, in the order to show it in.
func Languages() []Language {
	all := []Template{httpHeaders(), pathRewrite(), empty()}
	return []Language{
		{project.Go, "Go", "Go 1.24 or newer, with the proxy-wasm Go SDK", all},
		{project.Rust, "Rust", "Rust with the proxy-wasm crate", all},
		{project.Cpp, "C++", "C++20 with clang and a small SDK header", all},
		{project.AssemblyScript, "AssemblyScript", "AssemblyScript with a small ABI layer", all},
	}
}

func empty() Template {
	return Template{"empty", "does nothing: the least that a host loads"}
}

func httpHeaders() Template {
	return Template{"http-headers", "adds, changes and removes request and response headers"}
}

func pathRewrite() Template {
	return Template{"path-rewrite", "replaces request paths that match regular expressions"}
}

// Templates lists the templates of a language, in the order to show them in. The
// error is *UnknownError.
func Templates(language string) ([]Template, error) {
	l, err := findLanguage(language)
	return l.Templates, err
}

// Lookup finds a language and a template of it by their names. The error is
// *UnknownError.
func Lookup(language, template string) (Language, Template, error) {
	l, err := findLanguage(language)
	if err != nil {
		return Language{}, Template{}, err
	}
	names := make([]string, len(l.Templates))
	for i, t := range l.Templates {
		if t.Name == template {
			return l, t, nil
		}
		names[i] = t.Name
	}
	return Language{}, Template{}, unknown("template", template, names)
}

func findLanguage(name string) (Language, error) {
	offered := Languages()
	names := make([]string, len(offered))
	for i, l := range offered {
		if string(l.Name) == name {
			return l, nil
		}
		names[i] = string(l.Name)
	}
	return Language{}, unknown("language", name, names)
}

// UnknownError says that a language or a template is not offered.
type UnknownError struct {
	// Kind is "language" or "template".
	Kind string
	// Name is what was asked for.
	Name string
	// Offered are the valid names.
	Offered []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown %s %q (offered: %s)", e.Kind, e.Name, strings.Join(e.Offered, ", "))
}

func unknown(kind, name string, offered []string) error {
	err := &UnknownError{Kind: kind, Name: name, Offered: offered}
	if near := suggest.Nearest(name, offered); near != "" {
		return hint.Wrap(err, fmt.Sprintf("did you mean %q?", near))
	}
	return hint.Wrap(err, "'wasmctl init --list' shows the languages and their templates")
}
