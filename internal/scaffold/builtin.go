package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/templates"
)

const (
	anyLayer = "any"
	ideLayer = "ide"
)

// Languages lists what is built in, in the order to show it in. An error means
// that a parameter file among the embedded ones is wrong, which a test finds.
func Languages() ([]Language, error) {
	var all []Language
	for _, name := range project.Languages() {
		m, err := readManifest(path.Join(string(name), anyLayer))
		if err != nil {
			return nil, err
		}
		l := Language{Name: name, Title: m.title, Aliases: m.aliases, Description: m.description}
		for _, template := range templates.Names() {
			summary, err := summarize(string(name), template)
			if err != nil {
				return nil, err
			}
			l.Templates = append(l.Templates, summary)
		}
		all = append(all, l)
	}
	return all, nil
}

// layers are those of a template in a language, the earlier first. Package
// templates describes them.
func layers(language, template string) []string {
	return []string{anyLayer + "/" + anyLayer, anyLayer + "/" + template, language + "/" + anyLayer, language + "/" + template}
}

// summarize puts together what the layers of a template say about it.
func summarize(language, template string) (Summary, error) {
	s := Summary{Name: template}
	for _, layer := range layers(language, template) {
		m, err := readManifest(layer)
		if err != nil {
			return s, err
		}
		if strings.HasSuffix(layer, "/"+template) && m.description != "" {
			s.Description = m.description
		}
		for _, p := range m.parameters {
			s.Parameters = slices.DeleteFunc(s.Parameters, func(earlier Parameter) bool { return earlier.Name == p.Name })
			s.Parameters = append(s.Parameters, p)
		}
	}
	return s, nil
}

// readManifest reads the parameter file of a layer. One without is an empty one.
func readManifest(layer string) (*manifest, error) {
	name := layer + "/" + ManifestName
	text, err := fs.ReadFile(templates.FS, name)
	if errors.Is(err, fs.ErrNotExist) {
		return &manifest{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	return decodeManifest(name, text, true)
}

func openBuiltIn(language, name string) (*Template, error) {
	l, err := FindLanguage(language)
	if err != nil {
		return nil, err
	}
	summary, err := l.Find(name)
	if err != nil {
		return nil, nearFolder(err, name)
	}
	files, err := readLayers(layers(string(l.Name), name))
	return &Template{Summary: summary, Language: l.Name, complete: true, files: files}, err
}

// nearFolder adds to the error about a template that is not offered that there
// is a folder of the name.
func nearFolder(err error, name string) error {
	if _, missing := os.Stat(filepath.Join(name, ManifestName)); missing != nil {
		return err
	}
	return hint.Wrap(err, fmt.Sprintf("the folder of that name is \"./%s\"", name))
}

// readLayers reads the files of embedded layers.
func readLayers(layers []string) ([]file, error) {
	var files []file
	for _, layer := range layers {
		err := fs.WalkDir(templates.FS, layer, func(name string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && name == layer { // not every language has every layer
				return nil
			}
			if err != nil || entry.IsDir() || name == layer+"/"+ManifestName {
				return err
			}
			content, err := fs.ReadFile(templates.FS, name)
			files = append(files, file{path: strings.TrimPrefix(name, layer+"/"), mode: fileMode, content: content, layer: layer})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the template: %w", err)
		}
	}
	return files, nil
}

// AddEditorFiles adds the settings of editors and the description of a
// development container, as they are for the language. A file that the template
// has itself stays. The error is *UnknownError for a language that wasmctl does
// not know.
func (t *Template) AddEditorFiles() error {
	l, err := FindLanguage(string(t.Language))
	if err != nil {
		return err
	}
	files, err := readLayers([]string{anyLayer + "/" + ideLayer, string(l.Name) + "/" + ideLayer})
	t.files = append(files, t.files...) // the earlier layers are those that give way
	return err
}

// OpenEditorFiles opens a template that has nothing but the files of
// AddEditorFiles, for a project that is there.
func OpenEditorFiles(language project.Language) (*Template, error) {
	t := &Template{Summary: Summary{Name: ideLayer}, Language: language, complete: true}
	return t, t.AddEditorFiles()
}
