package chain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// MaxConfigurationSize is the largest configuration that is read or produced,
// in bytes. A YAML document can grow a thousandfold through its aliases, so the
// JSON it becomes is held to the same bound.
const MaxConfigurationSize = 4 << 20

// ErrConfigurationTooLarge is returned for a configuration above MaxConfigurationSize.
var ErrConfigurationTooLarge = fmt.Errorf("configuration is larger than %d MiB", MaxConfigurationSize>>20)

// ReadConfiguration is ParseConfiguration of all that r holds.
func ReadConfiguration(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxConfigurationSize+1))
	if err != nil {
		return nil, err
	}
	return ParseConfiguration(text)
}

// ParseConfiguration turns what a user wrote into the bytes that a filter is
// handed. JSON is passed on as it is. A YAML mapping or list becomes the same
// as JSON, its keys in their order. Anything else, such as one word, is text
// and passed on as it is.
func ParseConfiguration(text []byte) ([]byte, error) {
	if len(text) > MaxConfigurationSize {
		return nil, ErrConfigurationTooLarge
	}
	if json.Valid(text) {
		return text, nil
	}
	var value any
	if err := yaml.UnmarshalWithOptions(text, &value, yaml.UseOrderedMap()); err != nil {
		return nil, yamlError(err)
	}
	return configurationOf(value, text)
}

// configurationOf is the configuration that a YAML value stands for. text is
// what the user wrote for a value that is no mapping and no list.
func configurationOf(value any, text []byte) ([]byte, error) {
	switch value.(type) {
	case yaml.MapSlice, []any:
		var out jsonWriter
		if err := out.value(value); err != nil {
			return nil, err
		}
		return out.buf.Bytes(), nil
	}
	return text, nil
}

// yamlError keeps what the YAML library found and where, without its source excerpt.
func yamlError(err error) error {
	f, ok := findYAMLFault(err)
	if !ok {
		return err
	}
	position := ""
	if f.line > 0 {
		position = fmt.Sprintf("line %d, column %d: ", f.line, f.column)
	}
	return hint.Errorf("a configuration is JSON, or a YAML mapping", "%s%s", position, f.message)
}

// yamlFault is what the YAML library found. Line and column count from 1; the
// line is 0 where the place is not known.
type yamlFault struct {
	line, column int
	message      string
}

func findYAMLFault(err error) (f yamlFault, ok bool) {
	var y yaml.Error
	if !errors.As(err, &y) {
		return f, false
	}
	f.message = y.GetMessage()
	if t := y.GetToken(); t != nil && t.Position != nil {
		f.line, f.column = t.Position.Line, t.Position.Column
	}
	return f, true
}

// jsonWriter writes decoded YAML as JSON. It exists because encoding/json has
// no ordered map: a filter's author expects to find the keys as written.
type jsonWriter struct{ buf bytes.Buffer }

func (w *jsonWriter) value(v any) error {
	if w.buf.Len() > MaxConfigurationSize {
		return ErrConfigurationTooLarge
	}
	switch v := v.(type) {
	case yaml.MapSlice:
		return w.mapping(v)
	case []any:
		return w.list(v)
	default:
		return w.scalar(v)
	}
}

func (w *jsonWriter) mapping(items yaml.MapSlice) error {
	w.buf.WriteByte('{')
	for i, item := range items {
		w.separate(i)
		if err := w.scalar(fmt.Sprint(item.Key)); err != nil {
			return err
		}
		w.buf.WriteByte(':')
		if err := w.value(item.Value); err != nil {
			return err
		}
	}
	w.buf.WriteByte('}')
	return nil
}

func (w *jsonWriter) list(items []any) error {
	w.buf.WriteByte('[')
	for i, item := range items {
		w.separate(i)
		if err := w.value(item); err != nil {
			return err
		}
	}
	w.buf.WriteByte(']')
	return nil
}

func (w *jsonWriter) separate(index int) {
	if index > 0 {
		w.buf.WriteByte(',')
	}
}

// scalar writes a value that encoding/json knows; HTML is not escaped, since a
// filter may compare the text.
func (w *jsonWriter) scalar(v any) error {
	enc := json.NewEncoder(&w.buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	w.buf.Truncate(w.buf.Len() - 1) // the newline that Encode adds
	return nil
}
