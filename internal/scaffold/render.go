package scaffold

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/mod/module"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/templates"
)

// Parameters are what a template is rendered with.
type Parameters struct {
	// Language and Template are names that Languages lists.
	Language string `json:"language"`
	Template string `json:"template"`
	// Name is the name of the filter; project.ValidateName.
	Name string `json:"name"`
	// Module is the module path of a Go project. "" means DefaultModule(Name).
	Module string `json:"module,omitempty"`
}

// DefaultModule is the module path of a Go project for which none is given. It
// is not the name alone: many words, such as "log" or "type", are taken by the
// standard library or the go command when no domain stands before them, and
// example.com is kept free for just that (RFC 2606 §3).
func DefaultModule(name string) string { return "example.com/" + name }

// Plan is a project in memory, ready to be written.
type Plan struct {
	// Parameters are complete: defaults are filled in.
	Parameters Parameters
	// Files are sorted by path.
	Files []File
}

// File is one file of a plan.
type File struct {
	// Path is relative to the project folder, with slashes.
	Path string
	// Mode is what the file gets, less what the umask of the process takes away.
	Mode    fs.FileMode
	Content []byte
}

// data is what a template may use.
type data struct {
	// Name is the name of the filter, my-filter.
	Name     string
	Language project.Language
	// Module is the Go module path.
	Module string
	// Type and Var are the name as parts of identifiers: MyFilter and myFilter.
	// The templates put a word after them, so that no keyword results.
	Type, Var string
	// Snake is the name as a Rust crate is called in code, my_filter.
	Snake string
}

const (
	anyLayer   = "any"
	suffix     = ".tmpl"
	partSuffix = ".part" + suffix
	dotPrefix  = "dot_"
	fileMode   = fs.FileMode(0o644)
)

// Render checks the parameters and renders the template to a plan. The errors
// are *UnknownError, *project.NameError and that of a bad module path.
func Render(p Parameters) (*Plan, error) {
	language, _, err := Lookup(p.Language, p.Template)
	if err != nil {
		return nil, err
	}
	if err := project.ValidateName(p.Name); err != nil {
		return nil, err
	}
	if p.Module == "" {
		p.Module = DefaultModule(p.Name)
	}
	if err := module.CheckImportPath(p.Module); err != nil {
		return nil, hint.Wrap(fmt.Errorf("module path: %w", err), "a module path looks like github.com/me/"+p.Name)
	}
	files, parts, err := collect(p.Language, p.Template)
	if err != nil {
		return nil, err
	}
	set, err := parseParts(parts)
	if err != nil {
		return nil, err
	}
	d := data{Name: p.Name, Language: language.Name, Module: p.Module, Type: pascal(p.Name)}
	d.Snake = strings.ReplaceAll(p.Name, "-", "_")
	d.Var = strings.ToLower(d.Type[:1]) + d.Type[1:]
	plan := &Plan{Parameters: p}
	for target, source := range files {
		content, err := renderFile(set, source, d)
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(content)) == 0 {
			continue
		}
		plan.Files = append(plan.Files, File{Path: target, Mode: fileMode, Content: content})
	}
	slices.SortFunc(plan.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return plan, nil
}

// collect finds the files of a template in its layers: for each path in the
// project the embedded file it comes from, and the files with pieces of text.
// Package templates describes the layers and the names.
func collect(language, name string) (files map[string]string, parts []string, err error) {
	files = map[string]string{}
	for _, layer := range []string{anyLayer + "/" + anyLayer, anyLayer + "/" + name, language + "/" + anyLayer, language + "/" + name} {
		err := fs.WalkDir(templates.FS, layer, func(source string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir():
				return nil
			case strings.HasSuffix(source, partSuffix):
				parts = append(parts, source)
			default:
				files[targetPath(strings.TrimPrefix(source, layer+"/"))] = source
			}
			return nil
		})
		if err != nil {
			return nil, nil, fmt.Errorf("read the template %s: %w", name, err)
		}
	}
	return files, parts, nil
}

// targetPath is the path in the project of a file in a layer.
func targetPath(source string) string {
	elements := strings.Split(strings.TrimSuffix(source, suffix), "/")
	for i, e := range elements {
		if rest, ok := strings.CutPrefix(e, dotPrefix); ok {
			elements[i] = "." + rest
		}
	}
	return path.Join(elements...)
}

func parseParts(parts []string) (*template.Template, error) {
	set := template.New("").Delims("<%", "%>").Option("missingkey=error")
	for _, source := range parts {
		if err := parseInto(set, source); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func parseInto(set *template.Template, source string) error {
	text, err := fs.ReadFile(templates.FS, source)
	if err != nil {
		return fmt.Errorf("read the template %s: %w", source, err)
	}
	if _, err := set.New(source).Parse(string(text)); err != nil {
		return fmt.Errorf("parse the template: %w", err)
	}
	return nil
}

func renderFile(set *template.Template, source string, d data) ([]byte, error) {
	if !strings.HasSuffix(source, suffix) {
		return fs.ReadFile(templates.FS, source)
	}
	if err := parseInto(set, source); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := set.ExecuteTemplate(&out, source, d); err != nil {
		return nil, fmt.Errorf("render the template: %w", err)
	}
	return out.Bytes(), nil
}

// pascal turns my-2nd-filter into My2ndFilter.
func pascal(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "-") {
		b.WriteString(strings.ToUpper(word[:1]))
		b.WriteString(word[1:])
	}
	return b.String()
}
