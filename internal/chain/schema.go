package chain

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// SchemaError says where and why a configuration does not fit its schema.
type SchemaError struct {
	// Problems are in document order, one or more.
	Problems []SchemaProblem
}

// SchemaProblem is one place of a configuration that does not fit.
type SchemaProblem struct {
	// Path leads to the value: "rewrites[0].regex_match"; "" is the whole document.
	Path string `json:"path"`
	// Message says what is wrong with it.
	Message string `json:"message"`
}

func (p SchemaProblem) String() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

func (e *SchemaError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return "configuration does not fit its schema: " + strings.Join(lines, "; ")
}

// Schema is a compiled JSON Schema, draft 2020-12 unless its $schema says
// otherwise. Nothing is ever fetched for it.
type Schema struct{ schema *jsonschema.Schema }

// ParseSchema compiles a JSON Schema. name stands for it in messages.
func ParseSchema(name string, text []byte) (*Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s is not JSON: %w", name, err)
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	c.UseRegexpEngine(compileECMA)
	if err := c.AddResource(name, document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	schema, err := c.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("%s is not a valid JSON Schema: %w", name, err)
	}
	return &Schema{schema}, nil
}

// Check holds a configuration, as ParseConfiguration returned it, to the
// schema. The error is *SchemaError.
func (s *Schema) Check(configuration []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(configuration))
	if err != nil {
		return &SchemaError{[]SchemaProblem{{Message: "it is text, the schema describes JSON"}}}
	}
	err = s.schema.Validate(value)
	if invalid := (*jsonschema.ValidationError)(nil); errors.As(err, &invalid) {
		return &SchemaError{problems(invalid)}
	}
	return err
}

// problems flattens the tree of a validation error to its leaves, which are
// what a user can mend.
func problems(e *jsonschema.ValidationError) []SchemaProblem {
	if len(e.Causes) == 0 {
		text := e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
		return []SchemaProblem{{Path: documentPath(e.InstanceLocation), Message: text}}
	}
	var all []SchemaProblem
	for _, cause := range e.Causes {
		all = append(all, problems(cause)...)
	}
	return all
}

// documentPath writes a location as a person would: rewrites[0].regex_match.
func documentPath(location []string) string {
	var b strings.Builder
	for _, step := range location {
		switch {
		case isIndex(step):
			fmt.Fprintf(&b, "[%s]", step)
		case b.Len() == 0:
			b.WriteString(step)
		default:
			b.WriteString("." + step)
		}
	}
	return b.String()
}

func isIndex(step string) bool {
	return step != "" && strings.Trim(step, "0123456789") == ""
}

// noLoader refuses references out of the schema: a schema comes with a filter
// from anywhere and must not make wasmctl read files or call hosts.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, hint.Errorf("put the definition into the schema itself, under $defs",
		"the schema refers to %s, which is outside of it", url)
}
