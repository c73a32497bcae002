package scaffold

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/suggest"
)

// Parameter is a value that a template asks for, besides the name of the filter.
type Parameter struct {
	// Name is what the value is called on the command line and in the template.
	Name string `json:"name"`
	// Prompt is the question to put to a person.
	Prompt string `json:"prompt"`
	// Default is the value when none is given: a template of its own, in which
	// the parameters before this one have their values. Nil means that a value
	// must be given.
	Default *string `json:"default,omitempty"`
	// Pattern is a regular expression (RE2) that the whole value must match. ""
	// takes any.
	Pattern string `json:"pattern,omitempty"`
	// Choices are the only values, if there are any.
	Choices []string `json:"choices,omitempty"`

	pattern *regexp.Regexp
}

// parameterRule is what the name of a parameter looks like: a template writes
// .Param.NAME.
const parameterRule = `[a-z][a-z0-9_]{0,31}`

func (p *Parameter) setName(value string) (fault, next string) {
	p.Name = value
	switch {
	case !regexp.MustCompile(`^(?:` + parameterRule + `)$`).MatchString(value):
		return fmt.Sprintf("%q is no name of a parameter", value), "use lower-case letters, digits and '_', beginning with a letter"
	case value == "name":
		return "the name of the filter is a parameter of every template", "leave it out, and write <% .Name %>"
	}
	return "", ""
}

func (p *Parameter) setPattern(value string) (fault, next string) {
	pattern, err := regexp.Compile(`^(?:` + value + `)$`)
	if err != nil {
		return err.Error(), "the syntax is at https://github.com/google/re2/wiki/Syntax"
	}
	p.Pattern, p.pattern = value, pattern
	return "", ""
}

// maxValueLength bounds the value of a parameter, in bytes.
const maxValueLength = 1024

// valueFault is what no value may be, "" for a good one. It goes on from the
// value: "contains a line feed".
func valueFault(value string) string {
	switch {
	case len(value) > maxValueLength:
		return fmt.Sprintf("has %d bytes, more than %d", len(value), maxValueLength)
	case !utf8.ValidString(value):
		return "is not UTF-8"
	}
	for _, r := range value {
		if r < ' ' || r == 0x7f {
			return fmt.Sprintf("contains the control character %U", r)
		}
	}
	return ""
}

// fault is what is wrong with a value of the parameter, "" for a good one.
func (p *Parameter) fault(value string) string {
	if fault := valueFault(value); fault != "" {
		return fault
	}
	if len(p.Choices) > 0 && !slices.Contains(p.Choices, value) {
		return "is none of " + strings.Join(p.Choices, ", ")
	}
	if p.pattern != nil && !p.pattern.MatchString(value) {
		return "does not match " + p.Pattern
	}
	return ""
}

// ValueError says that a value cannot be that of a parameter.
type ValueError struct {
	Parameter, Value string
	// Reason goes on from the value: "does not match [a-z]+".
	Reason string
}

func (e *ValueError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("the parameter %s has no value", e.Parameter)
	}
	return fmt.Sprintf("%s %q %s", e.Parameter, shorten(e.Value), e.Reason)
}

// Check tells whether value may be that of the parameter. The error is *ValueError.
func (p *Parameter) Check(value string) error {
	fault := p.fault(value)
	if fault == "" {
		return nil
	}
	err := error(&ValueError{Parameter: p.Name, Value: value, Reason: fault})
	if near := suggest.Nearest(value, p.Choices); near != "" {
		err = hint.Wrap(err, fmt.Sprintf("did you mean %q?", near))
	}
	return err
}

// Values returns the values of all parameters for a filter of that name: the
// given ones, and the defaults of the others. The error is *UnknownError,
// *ValueError or that of a default which is no good.
func (t *Template) Values(ctx context.Context, name string, given map[string]string) (map[string]string, error) {
	if err := t.CheckGiven(given); err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, p := range t.Parameters {
		if value, ok := given[p.Name]; ok {
			values[p.Name] = value
			continue
		}
		value, ok, err := t.Default(ctx, p, name, values)
		if err == nil && !ok {
			err = hint.Wrap(&ValueError{Parameter: p.Name}, fmt.Sprintf("give it with --param %s=VALUE", p.Name))
		}
		if err != nil {
			return nil, err
		}
		values[p.Name] = value
	}
	return values, nil
}

// CheckGiven refuses values of parameters that the template does not have, and
// values that they cannot have. The error is *UnknownError or *ValueError.
func (t *Template) CheckGiven(given map[string]string) error {
	names := make([]string, len(t.Parameters))
	for i, p := range t.Parameters {
		names[i] = p.Name
		if value, ok := given[p.Name]; ok {
			if err := p.Check(value); err != nil {
				return err
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, key) {
			return unknown("parameter", key, names)
		}
	}
	return nil
}

// Default returns what a parameter has for a filter of that name when no value
// is given, and false when it has no default. values are those of the parameters
// before it.
func (t *Template) Default(ctx context.Context, p Parameter, name string, values map[string]string) (string, bool, error) {
	if p.Default == nil {
		return "", false, nil
	}
	parsed, err := parseText(ManifestName+": default of "+p.Name, *p.Default)
	if err != nil {
		return "", false, err
	}
	w := &work{ctx: ctx, data: newData(name, t.Language, values)}
	value, err := w.execute(parsed)
	if err != nil {
		return "", false, err
	}
	err = p.Check(string(value))
	return string(value), true, hint.Wrap(err, fmt.Sprintf("this is the default; give another value with --param %s=VALUE", p.Name))
}
