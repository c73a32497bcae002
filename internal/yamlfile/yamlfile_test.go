package yamlfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/yamlfile"
)

// pet is what the tests read.
type pet struct {
	name  string
	tags  []string
	owner string
}

func decode(text string) (pet, error) {
	var p pet
	doc, err := yamlfile.Parse("pet.yaml", []byte(text), "write 'name: rex'")
	if err != nil {
		return p, err
	}
	return p, doc.Decode("the file", []yamlfile.Key{
		{Name: "name", Example: "rex", Text: func(value string) (fault, next string) {
			p.name = value
			if strings.Contains(value, " ") {
				return "one word", "leave the blank out"
			}
			return "", ""
		}},
		{Name: "tags", Node: func(n yamlfile.Node) error {
			list, err := n.List("tags")
			for _, item := range list {
				text, err := item.String("a tag")
				if err != nil {
					return err
				}
				p.tags = append(p.tags, text)
			}
			return err
		}},
		{Name: "owner", Node: func(n yamlfile.Node) error {
			return n.Decode("owner", []yamlfile.Key{{Name: "name", Example: "ann", Text: func(value string) (string, string) {
				p.owner = value
				return "", ""
			}}})
		}},
	})
}

func TestDecode(t *testing.T) {
	t.Parallel()
	p, err := decode("# a pet\nname: rex\ntags: [a, 'b c']\nowner:\n  name: ann\n")
	if err != nil || p.name != "rex" || !slices.Equal(p.tags, []string{"a", "b c"}) || p.owner != "ann" {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err = decode("name: rex"); err != nil || p.name != "rex" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	cases := []struct{ text, want, next string }{
		{"", "pet.yaml:1:1: the file is empty", "name: rex"},
		{"[a]", "pet.yaml:1:1: the file must hold 'key: value' lines, not a list", "name: rex"},
		{"{}", `pet.yaml:1:1: the key "name" is missing`, "add the line 'name: rex'"},
		{"# c\ntags: []\n", `pet.yaml:2:1: the key "name" is missing`, "add the line 'name: rex'"},
		{"name: rex\nnmae: x\n", `pet.yaml:2:1: unknown key "nmae"`, `did you mean "name"?`},
		{"name: rex\nname: x\n", `pet.yaml:2:1: the key "name" is there twice`, "keep one"},
		{"name: a b\n", "pet.yaml:1:7: name: one word", "leave the blank out"},
		{"name: [a]\n", "pet.yaml:1:7: name must be a text, not a list", "write a text"},
		{"name: rex\ntags: a\n", "pet.yaml:2:7: tags must be a list, not a text", "- "},
		{"name: rex\ntags: [a, 1]\n", "pet.yaml:2:11: a tag must be a text, not a number", "quotes"},
		{"name: rex\nowner: ann\n", "pet.yaml:2:8: owner must be a mapping, not a text", "key: value"},
		{"name: rex\nowner:\n  nmae: ann\n", `pet.yaml:3:3: unknown key "nmae"`, `did you mean "name"?`},
		{"name: rex\nowner: {}\n", `pet.yaml:2:8: the key "name" is missing`, "ann"},
		{"name: &a rex\n", "pet.yaml:1:7: name must be a text, not an anchor or alias", ""},
		{"name: rex\n---\nname: x\n", "pet.yaml:3:5: a second document begins here", "keep one"},
		{"name: \xff", "pet.yaml:1:7: the byte 0xff is not UTF-8", ""},
		{"name: \x01", "pet.yaml:1:7: control character U+0001", ""},
		{"name: 'x", "pet.yaml:1:7: not valid YAML: ", ""},
		{strings.Repeat("#", yamlfile.MaxSize+1), "pet.yaml: the file is larger than 16 KiB", ""},
	}
	for _, c := range cases {
		_, err := decode(c.text)
		if file := (*yamlfile.Error)(nil); !errors.As(err, &file) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.40q: error %v, want %s", c.text, err, c.want)
		}
		if next := strings.Join(hint.Of(err), ""); !strings.Contains(next, c.next) {
			t.Errorf("%.40q: next step %q, want %q", c.text, next, c.next)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.yaml")
	if err := os.WriteFile(path, make([]byte, 10*yamlfile.MaxSize), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := yamlfile.Read(path); err != nil || len(text) != yamlfile.MaxSize+1 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "none")} {
		if _, err := yamlfile.Read(path); err == nil {
			t.Errorf("%s was read", path)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"name: rex\ntags: [a]\nowner: {name: b}\n", "? a\n: b\n", "<<: *x", "!!map {}", "a: \"\\x\"", "- - -\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := decode(text)
		if file := (*yamlfile.Error)(nil); err != nil && !errors.As(err, &file) {
			t.Fatalf("error of type %T: %v", err, err)
		}
	})
}
