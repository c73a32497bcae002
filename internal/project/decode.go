package project

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/suggest"
)

// key is one key of wasmctl.yaml: its name, and how its value gets into a
// project. set returns what is wrong with the value and the next step.
type key struct {
	name     string
	required bool
	set      func(p *Project, value string) (fault, next string)
}

// keys lists the keys of wasmctl.yaml in the order in which they are written.
func keys() []key {
	return []key{
		{"name", true, setName},
		{"language", true, setLanguage},
		{"config", false, func(p *Project, v string) (string, string) { return setFile(&p.Config, v) }},
		{"schema", false, func(p *Project, v string) (string, string) { return setFile(&p.Schema, v) }},
	}
}

// decode reads the text of the file called name in messages. The errors are
// *FileError. The document must be a mapping of the known keys to strings, each
// at most once; anchors, aliases and tags have no use there and are refused,
// which also keeps the expansion of aliases out.
func decode(name string, text []byte) (*Project, error) {
	doc, err := parse(name, text)
	if err != nil {
		return nil, err
	}
	p := &Project{}
	seen := map[string]bool{}
	for _, entry := range doc {
		k, err := knownKey(name, entry)
		if err != nil {
			return nil, err
		}
		if seen[k.name] {
			return nil, hint.Wrap(at(name, entry.Key, "the key %q is there twice", k.name), "keep one of the two")
		}
		seen[k.name] = true
		value, err := stringValue(name, k.name, entry.Value)
		if err != nil {
			return nil, err
		}
		if fault, next := k.set(p, value); fault != "" {
			return nil, hint.Wrap(at(name, entry.Value, "%s: %s", k.name, fault), next)
		}
	}
	for _, k := range keys() {
		if k.required && !seen[k.name] {
			return nil, hint.Errorf("add the line '"+k.name+": "+example(k.name)+"'", "%w",
				&FileError{Path: name, Line: 1, Column: 1, Message: "the key \"" + k.name + "\" is missing"})
		}
	}
	return p, nil
}

func knownKey(name string, entry *ast.MappingValueNode) (key, error) {
	all := keys()
	text, ok := plainString(entry.Key)
	if !ok {
		return key{}, at(name, entry.Key, "a key must be a plain word, not %s", describe(entry.Key))
	}
	for _, k := range all {
		if k.name == text {
			return k, nil
		}
	}
	names := make([]string, len(all))
	for i, k := range all {
		names[i] = k.name
	}
	return key{}, hint.Wrap(at(name, entry.Key, "unknown key %q", shorten(text)), didYouMean(text, names, "the keys are"))
}

func stringValue(name, key string, value ast.Node) (string, error) {
	text, ok := plainString(value)
	if !ok {
		next := "write a text; in quotes when it looks like something else"
		return "", hint.Wrap(at(name, value, "%s must be a text, not %s", key, describe(value)), next)
	}
	return text, nil
}

func setName(p *Project, value string) (fault, next string) {
	p.Name = value
	if err := ValidateName(value); err != nil {
		return err.Error(), strings.Join(hint.Of(err), "; ")
	}
	return "", ""
}

func setLanguage(p *Project, value string) (fault, next string) {
	p.Language = Language(value)
	if slices.Contains(Languages(), p.Language) {
		return "", ""
	}
	names := make([]string, 0, len(Languages()))
	for _, l := range Languages() {
		names = append(names, string(l))
	}
	return "unknown language \"" + shorten(value) + "\"", didYouMean(value, names, "the languages are")
}

// setFile takes the name of a file in the project. Slashes separate folders on
// every system, so that a project is the same everywhere.
func setFile(field *string, value string) (fault, next string) {
	const rule = "give the path of a file in the project, relative to " + FileName + " and with '/'"
	switch {
	case value == "":
		return "the file name is empty", rule + ", or leave the line out"
	case strings.ContainsAny(value, "\\\x00"):
		return "the file name \"" + shorten(value) + "\" contains a backslash or a NUL", rule
	case !filepath.IsLocal(filepath.FromSlash(value)):
		return "the file \"" + shorten(value) + "\" is outside of the project", rule
	}
	*field = path.Clean(value)
	return "", ""
}

func didYouMean(word string, names []string, all string) string {
	list := all + " " + strings.Join(names, ", ")
	if len(names) == 1 {
		list = strings.Replace(all, "s are", " is", 1) + " " + names[0]
	}
	if near := suggest.Nearest(word, names); near != "" {
		return "did you mean \"" + near + "\"? " + list
	}
	return list
}

func example(key string) string {
	if key == "language" {
		return string(Go)
	}
	return "my-filter"
}
