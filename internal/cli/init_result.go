package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/scaffold"
)

// initResult is the new project, or what --ide added to one.
type initResult struct {
	Dir      string           `json:"dir"`
	Name     string           `json:"name"`
	Language project.Language `json:"language,omitempty"`
	Template string           `json:"template"`
	// Origin says where a template of the user's own comes from.
	Origin     scaffold.Origin   `json:"origin,omitzero"`
	Parameters map[string]string `json:"parameters,omitempty"`
	// Files are those that were written, relative to Dir.
	Files []string `json:"files"`
	// Kept are those that --ide left as they were.
	Kept []string `json:"kept,omitempty"`
}

func newInitResult(dir string, t *scaffold.Template, plan *scaffold.Plan) initResult {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	r := initResult{
		Dir: dir, Name: plan.Name, Language: t.Language, Template: t.Name, Origin: t.Origin, Parameters: plan.Values, Files: []string{},
	}
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

// filterIn is "go filter", or "filter" for a language that is left open.
func filterIn(language project.Language) string {
	return strings.TrimSpace(string(language) + " filter")
}

// describeTemplate says what a project was made from, for a person.
func describeTemplate(t *scaffold.Template) string {
	const short = 12
	switch {
	case t.Origin.Commit != "":
		return fmt.Sprintf("%s of %s at commit %.*s", t.Name, t.Origin.URL, short, t.Origin.Commit)
	case t.Origin.Dir != "":
		return t.Origin.Dir
	}
	return t.Name
}

// languageList is the answer to init --list.
type languageList struct {
	Languages []scaffold.Language `json:"languages"`
}

func (l languageList) Text(w io.Writer) error {
	t := newTable(w, "LANGUAGE", "TEMPLATE", "PARAMETERS", "DESCRIPTION")
	for _, language := range l.Languages {
		for _, template := range language.Templates {
			names := make([]string, len(template.Parameters))
			for i, p := range template.Parameters {
				names[i] = p.Name
			}
			t.row(string(language.Name), template.Name, or(strings.Join(names, ","), "-"), template.Description)
		}
	}
	return t.flush()
}
