// Package yamlfile reads the small YAML files that people write for wasmctl,
// strictly: one mapping of known keys, each at most once, and every fault with
// its place. Anchors, aliases and tags have no use in such a file and are
// refused, which also keeps the expansion of aliases out.
package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// MaxSize bounds a file, in bytes. A real one has a few hundred.
const MaxSize = 16 << 10

// Error says what is wrong with a file, and where.
type Error struct {
	Path string
	// Line and Column count from 1, columns in characters. Both are 0 when the
	// file as a whole is meant.
	Line, Column int
	Message      string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Path, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Column, e.Message)
}

// Read reads a regular file, one byte more than MaxSize at most: Parse then
// says that the file is too large.
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe would be waited for
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}

// Parse returns the one mapping that the text must be. The file is called name
// in messages; example is the next step for a file that holds something else.
// The error is *Error.
func Parse(name string, text []byte, example string) (Node, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if len(text) > MaxSize {
		return Node{}, &Error{Path: name, Message: fmt.Sprintf("the file is larger than %d KiB", MaxSize>>10)}
	}
	if err := checkText(name, text); err != nil {
		return Node{}, err
	}
	file, err := parse(name, text)
	if err != nil {
		return Node{}, err
	}
	var docs []Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			docs = append(docs, Node{name, doc.Body})
		}
	}
	switch {
	case len(docs) == 0:
		return Node{}, hint.Wrap(&Error{Path: name, Line: 1, Column: 1, Message: "the file is empty"}, example)
	case len(docs) > 1:
		return Node{}, hint.Wrap(docs[1].Errorf("a second document begins here"), "keep one document in the file")
	case docs[0].entries() == nil:
		return Node{}, hint.Wrap(docs[0].Errorf("the file must hold 'key: value' lines, not %s", docs[0].Kind()), example)
	}
	return docs[0], nil
}

// checkText refuses what is not text, where the parser would guess.
func checkText(name string, text []byte) error {
	line, column := 1, 1
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return &Error{Path: name, Line: line, Column: column, Message: fmt.Sprintf("the byte 0x%02x is not UTF-8", text[i])}
		case r < ' ' && r != '\t' && r != '\n' && r != '\r':
			return &Error{Path: name, Line: line, Column: column, Message: fmt.Sprintf("control character %U", r)}
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		i += size
	}
	return nil
}

// parse parses the text into nodes with positions. The parser has panicked on
// malformed input before, so that a panic counts as a syntax error.
func parse(name string, text []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			file, err = nil, &Error{Path: name, Message: fmt.Sprintf("not valid YAML: %v", p)}
		}
	}()
	file, err = parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey()) // Decode names duplicates itself
	if err == nil {
		return file, nil
	}
	if e := yaml.Error(nil); errors.As(err, &e) && e.GetToken() != nil && e.GetToken().Position != nil {
		p := e.GetToken().Position
		return nil, &Error{Path: name, Line: max(1, p.Line), Column: max(1, p.Column), Message: message(e.GetMessage())}
	}
	return nil, &Error{Path: name, Message: message(err.Error())}
}

func message(text string) string {
	return "not valid YAML: " + Shorten(strings.TrimSpace(text))
}

// Shorten cuts a text from a file to what a message can hold.
func Shorten(text string) string {
	const most = 80
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "..."
}
