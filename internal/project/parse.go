package project

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

// maxFileSize bounds wasmctl.yaml, in bytes. A real one has a few hundred.
const maxFileSize = 16 << 10

// FileError says what is wrong with a project file, and where.
type FileError struct {
	Path string
	// Line and Column count from 1, columns in characters. Both are 0 when the
	// file as a whole is meant.
	Line, Column int
	Message      string
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Path, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Column, e.Message)
}

// readFile reads a regular file of bounded size: one byte more than the bound
// tells that there is more.
func readFile(path string) ([]byte, error) {
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
	return io.ReadAll(io.LimitReader(f, maxFileSize+1))
}

// parse returns the entries of the one mapping that the text must be.
func parse(name string, text []byte) ([]*ast.MappingValueNode, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if len(text) > maxFileSize {
		return nil, &FileError{Path: name, Message: fmt.Sprintf("the file is larger than %d KiB", maxFileSize>>10)}
	}
	if err := checkText(name, text); err != nil {
		return nil, err
	}
	file, err := parseYAML(name, text)
	if err != nil {
		return nil, err
	}
	var docs []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			docs = append(docs, doc.Body)
		}
	}
	if len(docs) == 0 {
		return nil, hint.Wrap(&FileError{Path: name, Line: 1, Column: 1, Message: "the file is empty"},
			"write at least 'name' and 'language', or start anew with 'wasmctl init'")
	}
	if len(docs) > 1 {
		return nil, hint.Wrap(at(name, docs[1], "a second document begins here"), "keep one document in the file")
	}
	return entries(name, docs[0])
}

// checkText refuses what is not text, where the parser would guess.
func checkText(name string, text []byte) error {
	line, column := 1, 1
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return &FileError{Path: name, Line: line, Column: column, Message: fmt.Sprintf("the byte 0x%02x is not UTF-8", text[i])}
		case r < ' ' && r != '\t' && r != '\n' && r != '\r':
			return &FileError{Path: name, Line: line, Column: column, Message: fmt.Sprintf("control character %U", r)}
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		i += size
	}
	return nil
}

// parseYAML parses the text into nodes with positions. The parser has panicked
// on malformed input before, so that a panic counts as a syntax error.
func parseYAML(name string, text []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			file, err = nil, &FileError{Path: name, Message: fmt.Sprintf("not valid YAML: %v", p)}
		}
	}()
	file, err = parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey()) // decode names duplicates itself
	if err == nil {
		return file, nil
	}
	if e := yaml.Error(nil); errors.As(err, &e) && e.GetToken() != nil && e.GetToken().Position != nil {
		p := e.GetToken().Position
		return nil, &FileError{Path: name, Line: max(1, p.Line), Column: max(1, p.Column), Message: yamlMessage(e.GetMessage())}
	}
	return nil, &FileError{Path: name, Message: yamlMessage(err.Error())}
}

func yamlMessage(text string) string {
	return "not valid YAML: " + shorten(strings.TrimSpace(text))
}

func entries(name string, body ast.Node) ([]*ast.MappingValueNode, error) {
	switch node := body.(type) {
	case *ast.MappingNode:
		return node.Values, nil
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}, nil
	}
	return nil, hint.Wrap(at(name, body, "the file must hold 'key: value' lines, not %s", describe(body)),
		"the smallest file has the lines 'name: my-filter' and 'language: "+string(Go)+"'")
}

// at is an error at the place of a node.
func at(name string, node ast.Node, format string, args ...any) *FileError {
	e := &FileError{Path: name, Message: fmt.Sprintf(format, args...)}
	if t := node.GetToken(); t != nil && t.Position != nil {
		e.Line, e.Column = max(1, t.Position.Line), max(1, t.Position.Column)
	}
	return e
}

// plainString returns the text of a node that is a string, be it plain, quoted
// or a block.
func plainString(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// describe names the kind of a node for messages.
func describe(node ast.Node) string {
	switch node.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a mapping"
	case ast.SequenceType:
		return "a list"
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	case ast.BoolType:
		return "true or false"
	case ast.NullType:
		return "nothing"
	case ast.StringType, ast.LiteralType:
		return "a text"
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType:
		return "an anchor or alias"
	case ast.TagType:
		return "a tag"
	}
	return "this"
}

// shorten cuts a text from the file to what a message can hold.
func shorten(text string) string {
	const most = 80
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "..."
}
