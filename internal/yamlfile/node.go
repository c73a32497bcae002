package yamlfile

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/suggest"
)

// Node is a value in a file, with its place.
type Node struct {
	file string
	node ast.Node
}

// Errorf is an error at the place of the node.
func (n Node) Errorf(format string, args ...any) *Error {
	e := &Error{Path: n.file, Message: fmt.Sprintf(format, args...)}
	if t := n.node.GetToken(); t != nil && t.Position != nil {
		e.Line, e.Column = max(1, t.Position.Line), max(1, t.Position.Column)
	}
	return e
}

// Text returns the text of a node that is one, be it plain, quoted or a block.
func (n Node) Text() (string, bool) {
	switch node := n.node.(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.LiteralNode:
		return node.Value.Value, true
	}
	return "", false
}

// Kind names the kind of the node for messages: "a list".
func (n Node) Kind() string {
	switch n.node.Type() {
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

// List returns the elements of a list. key names the list in the error, an *Error.
func (n Node) List(key string) ([]Node, error) {
	list, ok := n.node.(*ast.SequenceNode)
	if !ok {
		return nil, hint.Wrap(n.Errorf("%s must be a list, not %s", key, n.Kind()), "write one element a line, after '- '")
	}
	elements := make([]Node, len(list.Values))
	for i, v := range list.Values {
		elements[i] = Node{n.file, v}
	}
	return elements, nil
}

// String returns a text. key names it in the error, an *Error.
func (n Node) String(key string) (string, error) {
	text, ok := n.Text()
	if !ok {
		next := "write a text; in quotes when it looks like something else"
		return "", hint.Wrap(n.Errorf("%s must be a text, not %s", key, n.Kind()), next)
	}
	return text, nil
}

// Bool returns true or false. key names it in the error, an *Error.
func (n Node) Bool(key string) (bool, error) {
	b, ok := n.node.(*ast.BoolNode)
	if !ok {
		return false, hint.Wrap(n.Errorf("%s must be true or false, not %s", key, n.Kind()), "write true or false, without quotes")
	}
	return b.Value, nil
}

// Key is a key of a mapping, and how its value is taken.
type Key struct {
	Name string
	// Example is a value for the message that the key is missing. "" means that
	// it may be.
	Example string
	// Text takes a value that must be a text, and returns what is wrong with it
	// and the next step, or nothing.
	Text func(value string) (fault, next string)
	// Node takes any other value, in place of Text.
	Node func(Node) error
}

// Decode takes the values of a mapping. It must have no other keys than these,
// each at most once; what names it in the error for something else than a
// mapping. The error is *Error, or that of a key's function.
func (n Node) Decode(what string, keys []Key) error {
	entries := n.entries()
	if entries == nil {
		return hint.Wrap(n.Errorf("%s must be a mapping, not %s", what, n.Kind()), "write 'key: value' lines")
	}
	seen := map[string]bool{}
	for _, entry := range entries {
		k, err := n.known(entry, keys)
		if err != nil {
			return err
		}
		if seen[k.Name] {
			return hint.Wrap(Node{n.file, entry.Key}.Errorf("the key %q is there twice", k.Name), "keep one of the two")
		}
		seen[k.Name] = true
		if err := k.take(Node{n.file, entry.Value}); err != nil {
			return err
		}
	}
	for _, k := range keys {
		if k.Example != "" && !seen[k.Name] {
			return hint.Wrap(n.missing(entries, k.Name), "add the line '"+k.Name+": "+k.Example+"'")
		}
	}
	return nil
}

// entries are those of a mapping, nil for anything else. "{}" has none either,
// but is a mapping.
func (n Node) entries() []*ast.MappingValueNode {
	switch node := n.node.(type) {
	case *ast.MappingNode:
		return append([]*ast.MappingValueNode{}, node.Values...)
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}
	}
	return nil
}

// missing is the error for a key that is not there, at the first one that is:
// the token of a mapping itself is that of its first colon.
func (n Node) missing(entries []*ast.MappingValueNode, key string) *Error {
	place := n
	if len(entries) > 0 {
		place = Node{n.file, entries[0].Key}
	}
	return place.Errorf("the key %q is missing", key)
}

func (n Node) known(entry *ast.MappingValueNode, keys []Key) (Key, error) {
	at := Node{n.file, entry.Key}
	text, ok := at.Text()
	if !ok {
		return Key{}, at.Errorf("a key must be a plain word, not %s", at.Kind())
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		if k.Name == text {
			return k, nil
		}
		names[i] = k.Name
	}
	return Key{}, hint.Wrap(at.Errorf("unknown key %q", Shorten(text)), DidYouMean(text, names, "the keys are"))
}

func (k Key) take(value Node) error {
	if k.Text == nil {
		return k.Node(value)
	}
	text, err := value.String(k.Name)
	if err != nil {
		return err
	}
	if fault, next := k.Text(text); fault != "" {
		return hint.Wrap(value.Errorf("%s: %s", k.Name, fault), next)
	}
	return nil
}

// DidYouMean is the next step for a word that is none of the names: the nearest
// one, if there is one, and all of them. all introduces them: "the keys are".
func DidYouMean(word string, names []string, all string) string {
	list := all + " " + strings.Join(names, ", ")
	if len(names) == 1 {
		list = strings.Replace(all, "s are", " is", 1) + " " + names[0]
	}
	if near := suggest.Nearest(word, names); near != "" {
		return "did you mean \"" + near + "\"? " + list
	}
	return list
}
