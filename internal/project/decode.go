package project

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/yamlfile"
)

// FileError says what is wrong with a project file, and where.
type FileError = yamlfile.Error

// smallest is the next step when there is no project in a file.
const smallest = "the smallest file has the lines 'name: my-filter' and 'language: " + string(Go) + "'; 'wasmctl init' makes one"

// keys lists the keys of wasmctl.yaml in the order in which they are written.
func keys(p *Project) []yamlfile.Key {
	return []yamlfile.Key{
		{Name: "name", Example: "my-filter", Text: p.setName},
		{Name: "language", Example: string(Go), Text: p.setLanguage},
		{Name: "config", Text: func(v string) (string, string) { return setFile(&p.Config, v) }},
		{Name: "schema", Text: func(v string) (string, string) { return setFile(&p.Schema, v) }},
	}
}

// decode reads the text of the file called name in messages. The errors are
// *FileError.
func decode(name string, text []byte) (*Project, error) {
	doc, err := yamlfile.Parse(name, text, smallest)
	if err != nil {
		return nil, err
	}
	p := &Project{}
	if err := doc.Decode("the file", keys(p)); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Project) setName(value string) (fault, next string) {
	p.Name = value
	if err := ValidateName(value); err != nil {
		return err.Error(), strings.Join(hint.Of(err), "; ")
	}
	return "", ""
}

func (p *Project) setLanguage(value string) (fault, next string) {
	p.Language = Language(value)
	if slices.Contains(Languages(), p.Language) {
		return "", ""
	}
	names := make([]string, 0, len(Languages()))
	for _, l := range Languages() {
		names = append(names, string(l))
	}
	return "unknown language \"" + yamlfile.Shorten(value) + "\"", yamlfile.DidYouMean(value, names, "the languages are")
}

// setFile takes the name of a file in the project. Slashes separate folders on
// every system, so that a project is the same everywhere.
func setFile(field *string, value string) (fault, next string) {
	const rule = "give the path of a file in the project, relative to " + FileName + " and with '/'"
	switch {
	case value == "":
		return "the file name is empty", rule + ", or leave the line out"
	case strings.ContainsAny(value, "\\\x00"):
		return "the file name \"" + yamlfile.Shorten(value) + "\" contains a backslash or a NUL", rule
	case !filepath.IsLocal(filepath.FromSlash(value)):
		return "the file \"" + yamlfile.Shorten(value) + "\" is outside of the project", rule
	}
	*field = path.Clean(value)
	return "", ""
}
