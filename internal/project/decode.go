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

// decoder puts the values of a file into a project.
type decoder struct {
	Project
	// language is where the language stands; nil when it does not. Whether it is
	// a good one depends on other keys.
	language *yamlfile.Node
	// needsCommand is a value that means nothing without build.command.
	needsCommand *yamlfile.Node
}

// keys lists the keys of wasmctl.yaml in the order in which they are written.
func (d *decoder) keys() []yamlfile.Key {
	return []yamlfile.Key{
		{Name: "name", Example: "my-filter", Text: d.setName},
		{Name: "language", Node: d.setLanguage},
		{Name: "config", Text: func(v string) (string, string) { return setFile(&d.Config, v) }},
		{Name: "schema", Text: func(v string) (string, string) { return setFile(&d.Schema, v) }},
		{Name: "build", Node: d.setBuild},
	}
}

// decode reads the text of the file called name in messages. The errors are
// *FileError.
func decode(name string, text []byte) (*Project, error) {
	doc, err := yamlfile.Parse(name, text, smallest)
	if err != nil {
		return nil, err
	}
	d := &decoder{}
	if err := doc.Decode("the file", d.keys()); err != nil {
		return nil, err
	}
	if err := d.checkLanguage(name); err != nil {
		return nil, err
	}
	return &d.Project, nil
}

func (d *decoder) setName(value string) (fault, next string) {
	d.Name = value
	if err := ValidateName(value); err != nil {
		return err.Error(), strings.Join(hint.Of(err), "; ")
	}
	return "", ""
}

func (d *decoder) setLanguage(value yamlfile.Node) error {
	text, err := value.String("language")
	d.Language, d.language = Language(text), &value
	return err
}

// checkLanguage wants a language that wasmctl builds. A project with a command
// of its own may name any, or none.
func (d *decoder) checkLanguage(file string) error {
	custom := !d.Build.Command.IsZero()
	switch {
	case d.language == nil && custom:
		return nil
	case d.language == nil:
		return hint.Wrap(&FileError{Path: file, Line: 1, Column: 1, Message: `the key "language" is missing`},
			"add the line 'language: "+string(Go)+"'")
	case slices.Contains(Languages(), d.Language) || custom && isWord(string(d.Language)):
		return nil
	case custom:
		return hint.Wrap(d.language.Errorf("language: %q is no word", yamlfile.Shorten(string(d.Language))),
			"use letters, digits, '+', '#', '.', '_' and '-', or leave the line out")
	}
	names := make([]string, 0, len(Languages()))
	for _, l := range Languages() {
		names = append(names, string(l))
	}
	return hint.Wrap(d.language.Errorf("language: unknown language \"%s\"", yamlfile.Shorten(string(d.Language))),
		yamlfile.DidYouMean(string(d.Language), names, "the languages are")+"; for another one set build.command")
}

// maxWord bounds the name of a language, in bytes.
const maxWord = 32

func isWord(s string) bool {
	for _, r := range s {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && !strings.ContainsRune("+#._-", r) {
			return false
		}
	}
	return s != "" && len(s) <= maxWord
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
