package scaffold

import (
	"strings"

	"github.com/wasmctl/wasmctl/internal/project"
)

// data is what a template may use.
type data struct {
	// Name is the name of the filter, my-filter.
	Name     string
	Language project.Language
	// Type and Var are the name as parts of identifiers: MyFilter and myFilter.
	// The templates put a word after them, so that no keyword results.
	Type, Var string
	// Snake is the name as a Rust crate is called in code, my_filter.
	Snake string
	// Param are the values of the template's parameters, by name.
	Param map[string]string
}

func newData(name string, language project.Language, values map[string]string) data {
	d := data{Name: name, Language: language, Type: pascal(name), Param: values}
	d.Var = strings.ToLower(d.Type[:1]) + d.Type[1:]
	d.Snake = strings.ReplaceAll(name, "-", "_")
	return d
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

// words are the texts that the name of a file may hold as __KEY__, by key: all
// parameters, and the forms of the name.
func (d data) words() map[string]string {
	words := map[string]string{"name": d.Name, "type": d.Type, "var": d.Var, "snake": d.Snake}
	for key, value := range d.Param {
		words[key] = value
	}
	return words
}
