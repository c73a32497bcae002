package envoy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// MarshalJSON writes a message as Envoy reads it, with the field names of the
// .proto files.
func MarshalJSON(m proto.Message) ([]byte, error) {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	// protojson varies its blanks on purpose; equal messages shall be equal files.
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return nil, err
	}
	return append(out.Bytes(), '\n'), nil
}

// MarshalYAML writes a message as Envoy reads it, for people to read as well:
// block style, strings quoted where YAML could take them for something else.
func MarshalYAML(m proto.Message) ([]byte, error) {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	w := yamlWriter{in: json.NewDecoder(bytes.NewReader(text))}
	w.in.UseNumber()
	if err := w.value(0, false); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return w.out.Bytes(), nil
}

// yamlWriter turns JSON into YAML token by token, which keeps the order of the
// fields. YAML 1.2 contains JSON, so a JSON string is a YAML string, too.
type yamlWriter struct {
	in  *json.Decoder
	out bytes.Buffer
}

// value writes the next value at the given depth. inItem says that the line
// has been begun with "- " already.
func (w *yamlWriter) value(depth int, inItem bool) error {
	token, err := w.in.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return w.mapping(depth, inItem)
	case json.Delim('['):
		if inItem {
			depth++
		}
		return w.list(depth)
	}
	w.scalar(token, depth)
	return nil
}

func (w *yamlWriter) mapping(depth int, inItem bool) error {
	if !w.in.More() {
		w.out.WriteString(" {}\n")
		return w.skip()
	}
	if !inItem && depth > 0 {
		w.out.WriteByte('\n')
	}
	for count := 0; w.in.More(); count++ {
		key, err := w.in.Token()
		if err != nil {
			return err
		}
		switch {
		case count > 0 || !inItem:
			w.indent(depth)
		default:
			w.out.WriteByte(' ') // on the line of the dash
		}
		w.out.WriteString(yamlString(key.(string)) + ":")
		if err := w.value(depth+1, false); err != nil {
			return err
		}
	}
	return w.skip()
}

func (w *yamlWriter) list(depth int) error {
	if !w.in.More() {
		w.out.WriteString(" []\n")
		return w.skip()
	}
	w.out.WriteByte('\n')
	for w.in.More() {
		w.indent(depth - 1) // a list stands under its key
		w.out.WriteByte('-')
		if err := w.value(depth, true); err != nil {
			return err
		}
	}
	return w.skip()
}

func (w *yamlWriter) scalar(token json.Token, depth int) {
	text, isString := token.(string)
	switch {
	case !isString && token == nil:
		w.out.WriteString(" null\n")
	case !isString:
		fmt.Fprintf(&w.out, " %v\n", token)
	case isBlock(text):
		w.block(text, depth)
	default:
		w.out.WriteString(" " + yamlString(text) + "\n")
	}
}

// block writes lines of text as they are, YAML 1.2.2 section 8.1.2.
func (w *yamlWriter) block(text string, depth int) {
	w.out.WriteString(" |\n")
	for line := range strings.Lines(text) {
		if line != "\n" {
			w.indent(depth)
		}
		w.out.WriteString(line)
	}
}

// isBlock tells whether a text can stand as a block without any indicator: it
// ends with exactly one newline, does not start with a blank, and holds nothing
// that YAML would change.
func isBlock(text string) bool {
	return strings.Count(text, "\n") > 1 && strings.HasSuffix(text, "\n") && !strings.HasSuffix(text, "\n\n") &&
		!strings.HasPrefix(text, " ") && !strings.HasPrefix(text, "\n") &&
		strings.IndexFunc(text, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }) < 0
}

// skip takes the delimiter that ends a mapping or a list.
func (w *yamlWriter) skip() error {
	_, err := w.in.Token()
	return err
}

func (w *yamlWriter) indent(depth int) {
	w.out.WriteString(strings.Repeat("  ", max(depth, 0)))
}

// yamlString writes a string plain where no reader takes it for anything else,
// and double-quoted otherwise, YAML 1.2.2 section 7.3.1. What cannot be printed
// is escaped: YAML 1.1 readers fold lines at some such characters.
func yamlString(s string) string {
	if isPlain(s) && !isYAMLWord(s) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString("\\" + string(r))
		case r == '\n':
			b.WriteString("\\n")
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "\\U%08x", r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func isPlain(s string) bool {
	for i, r := range s {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789_./-", r)) {
			return false
		}
	}
	return s != ""
}

// isYAMLWord tells whether YAML 1.1 reads a word as a boolean or as null.
func isYAMLWord(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		return true
	}
	return false
}
