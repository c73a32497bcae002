package scaffold

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/yamlfile"
)

// ManifestName is the name of a template's parameter file. It lies at the root
// of the template and becomes no file of the project.
const ManifestName = "template.yaml"

// manifest is what a parameter file says.
type manifest struct {
	description string
	// language is "" when the file names none.
	language project.Language
	// title and aliases are other names of the language. Only the files of the
	// built-in layers have them.
	title      string
	aliases    []string
	parameters []Parameter
}

const smallestManifest = "the smallest file has the line 'description: what the filter does'"

// decodeManifest reads the text of a parameter file, called name in messages.
// The error is *yamlfile.Error.
func decodeManifest(name string, text []byte, builtIn bool) (*manifest, error) {
	doc, err := yamlfile.Parse(name, text, smallestManifest)
	if err != nil {
		return nil, err
	}
	m := &manifest{}
	if err := doc.Decode("the file", m.keys(builtIn)); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *manifest) keys(builtIn bool) []yamlfile.Key {
	keys := []yamlfile.Key{
		{Name: "description", Text: line(&m.description), Example: "what the filter does"},
		{Name: "language", Text: m.setLanguage},
		{Name: "parameters", Node: m.setParameters},
	}
	if builtIn {
		keys[0].Example = "" // one layer describes the language, another the template
		keys = append(keys, yamlfile.Key{Name: "title", Text: line(&m.title)},
			yamlfile.Key{Name: "aliases", Node: func(n yamlfile.Node) (err error) {
				m.aliases, err = texts(n, "aliases")
				return err
			}})
	}
	return keys
}

// line takes a text of one line.
func line(field *string) func(string) (fault, next string) {
	return func(value string) (string, string) {
		*field = value
		if value == "" {
			return "the text is empty", "write something, or leave the line out"
		}
		return valueFault(value), "write a short text"
	}
}

// languageRule is what the name of a language looks like: a template may be for
// one that wasmctl does not know, with a wasmctl.yaml that says how to build it.
const languageRule = `[a-z][a-z0-9+-]{0,31}`

func (m *manifest) setLanguage(value string) (fault, next string) {
	m.language = project.Language(value)
	if regexp.MustCompile(`^(?:` + languageRule + `)$`).MatchString(value) {
		return "", ""
	}
	var names []string
	for _, l := range project.Languages() {
		names = append(names, string(l))
	}
	return fmt.Sprintf("%q is no name of a language", yamlfile.Shorten(value)), yamlfile.DidYouMean(value, names, "the languages are")
}

// maxParameters bounds the parameters of a template: each is a question.
const maxParameters = 50

func (m *manifest) setParameters(list yamlfile.Node) error {
	items, err := list.List("parameters")
	if err != nil {
		return err
	}
	if len(items) > maxParameters {
		return list.Errorf("%d parameters, more than %d", len(items), maxParameters)
	}
	for _, item := range items {
		p, err := decodeParameter(item)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(m.parameters, func(other Parameter) bool { return other.Name == p.Name }) {
			return hint.Wrap(item.Errorf("the parameter %q is there twice", p.Name), "keep one of the two")
		}
		m.parameters = append(m.parameters, p)
	}
	return nil
}

func decodeParameter(item yamlfile.Node) (Parameter, error) {
	var p Parameter
	var defaultAt yamlfile.Node
	err := item.Decode("a parameter", []yamlfile.Key{
		{Name: "name", Example: "module", Text: p.setName},
		{Name: "prompt", Text: line(&p.Prompt)},
		{Name: "default", Node: func(n yamlfile.Node) error {
			text, err := n.String("default")
			p.Default, defaultAt = &text, n
			return err
		}},
		{Name: "pattern", Text: p.setPattern},
		{Name: "choices", Node: func(n yamlfile.Node) (err error) {
			p.Choices, err = texts(n, "choices")
			return err
		}},
	})
	if err != nil {
		return p, err
	}
	if p.Prompt == "" {
		p.Prompt = p.Name
	}
	for _, choice := range p.Choices {
		if fault := p.fault(choice); fault != "" {
			return p, item.Errorf("choices: %q %s", yamlfile.Shorten(choice), fault)
		}
	}
	if p.Default != nil {
		return p, p.checkDefault(defaultAt)
	}
	return p, nil
}

// checkDefault finds a default that no value could have. One with actions is
// known only when a project is made.
func (p *Parameter) checkDefault(at yamlfile.Node) error {
	parsed, err := parseText("default", *p.Default)
	if err != nil {
		return at.Errorf("%v", err)
	}
	if !parsed.isPlain {
		return nil
	}
	if fault := p.fault(parsed.plain); fault != "" {
		return at.Errorf("default: %q %s", yamlfile.Shorten(parsed.plain), fault)
	}
	return nil
}

// texts takes a list of texts, one at least.
func texts(n yamlfile.Node, key string) ([]string, error) {
	items, err := n.List(key)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, hint.Wrap(n.Errorf("%s: the list is empty", key), "leave the line out")
	}
	all := make([]string, len(items))
	for i, item := range items {
		if all[i], err = item.String("an element of " + key); err != nil {
			return nil, err
		}
	}
	return all, nil
}
