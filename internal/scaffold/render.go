package scaffold

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
)

// Plan is a project in memory, ready to be written.
type Plan struct {
	// Name is that of the filter, Values are those of all parameters of the
	// template.
	Name   string
	Values map[string]string
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

// Render makes a plan for a filter of that name with the given values of the
// parameters; the others have their defaults. The errors are *project.NameError,
// those of Values, *NameError for a file that cannot be in a project, and those
// of a template that is wrong or goes too far.
func (t *Template) Render(ctx context.Context, name string, given map[string]string) (*Plan, error) {
	if err := project.ValidateName(name); err != nil {
		return nil, err
	}
	values, err := t.Values(ctx, name, given)
	if err != nil {
		return nil, err
	}
	w := &work{ctx: ctx, data: newData(name, t.Language, values)}
	pieces, err := t.pieces()
	if err != nil {
		return nil, err
	}
	targets, err := t.targets(w.data.words())
	if err != nil {
		return nil, err
	}
	plan := &Plan{Name: name, Values: values}
	for _, target := range slices.Sorted(maps.Keys(targets)) {
		if err := plan.add(w, target, targets[target], pieces); err != nil {
			return nil, err
		}
	}
	if !t.complete {
		if err := t.addProjectFile(plan); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(plan.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return plan, nil
}

// pieces parses the files that only define pieces of text.
func (t *Template) pieces() ([]*text, error) {
	var pieces []*text
	for _, f := range t.files {
		if !f.isPart() {
			continue
		}
		parsed, err := parseText(f.name(), string(f.content))
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, parsed)
	}
	return pieces, nil
}

// targets finds the file of the template for each path in the project. Of two
// for one path that of the later layer counts; in one layer there must not be
// two. The error is *NameError.
func (t *Template) targets(words map[string]string) (map[string]*file, error) {
	targets := map[string]*file{}
	taken := claims{}
	for i := range t.files {
		f := &t.files[i]
		if f.isPart() {
			continue
		}
		target := targetOf(f.path, words)
		if earlier := targets[target]; earlier != nil && earlier.layer != f.layer {
			targets[target] = f
			continue
		}
		err := checkPath(target)
		if err == nil {
			err = taken.add(target)
		}
		if err != nil {
			return nil, hint.Wrap(err, "rename the file in the template")
		}
		targets[target] = f
	}
	return targets, nil
}

// add adds the file target. A template that renders to nothing leaves it out.
func (p *Plan) add(w *work, target string, f *file, pieces []*text) error {
	content := f.content
	if f.isTemplate() {
		parsed, err := parseText(f.name(), string(content))
		if err != nil {
			return err
		}
		if content, err = w.execute(parsed, pieces...); err != nil {
			return err
		}
		if len(bytes.TrimSpace(content)) == 0 {
			return nil
		}
	}
	p.Files = append(p.Files, File{Path: target, Mode: f.mode, Content: content})
	return nil
}

// addProjectFile adds the wasmctl.yaml that a user's template may leave to us.
func (t *Template) addProjectFile(plan *Plan) error {
	if _, err := FindLanguage(string(t.Language)); err != nil {
		if t.Language == "" {
			err = fmt.Errorf("the template %s names no language and has no %s", t.Name, project.FileName)
		}
		return hint.Wrap(err, "put one of both into the template, or give --language")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# This file makes the folder a wasmctl project.\nname: %q\nlanguage: %s\n", plan.Name, t.Language)
	for _, key := range []struct{ name, file string }{{"config", "config.yaml"}, {"schema", "config.schema.json"}} {
		if slices.ContainsFunc(plan.Files, func(f File) bool { return f.Path == key.file }) {
			fmt.Fprintf(&b, "%s: %s\n", key.name, key.file)
		}
	}
	plan.Files = append(plan.Files, File{Path: project.FileName, Mode: fileMode, Content: []byte(b.String())})
	return nil
}
