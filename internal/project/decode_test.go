package project

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/yamlfile"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	full := Project{Name: "x", Language: Go, Config: "config.yaml", Schema: "a/schema.json"}
	cases := []struct {
		name, text string
		want       Project
	}{
		{"least", "name: x\nlanguage: go\n", Project{Name: "x", Language: Go}},
		{"full", "name: x\nlanguage: go\nconfig: config.yaml\nschema: ./a//schema.json\n", full},
		{"any order, comments", "# c\nschema: a/schema.json # d\nconfig: 'config.yaml'\nlanguage: \"go\"\n\nname: x", full},
		{"flow style", "{name: x, language: go}", Project{Name: "x", Language: Go}},
		{"Windows line ends", "name: x\r\nlanguage: go\r\n", Project{Name: "x", Language: Go}},
		{"byte order mark", "\ufeffname: x\nlanguage: go\n", Project{Name: "x", Language: Go}},
		{"document marks", "---\nname: x\nlanguage: go\n...\n", Project{Name: "x", Language: Go}},
		{"word that YAML knows, in quotes", "name: \"true\"\nlanguage: go\n", Project{Name: "true", Language: Go}},
		{"file name with spaces and letters", "name: x\nlanguage: go\nconfig: my dir/größe.yaml\n", Project{Name: "x", Language: Go, Config: "my dir/größe.yaml"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := decode(FileName, []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, *p); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	const head = "name: x\nlanguage: go\n"
	deep := strings.Repeat("[", 4000)
	cases := []struct {
		name, text string
		// want is the text after "wasmctl.yaml", next a part of the next step.
		want, next string
	}{
		{"empty", "", ":1:1: the file is empty", "wasmctl init"},
		{"comments only", "# nothing\n\n# here\n", ":1:1: the file is empty", "wasmctl init"},
		{"marks only", "---\n", ":1:1: the file is empty", "wasmctl init"},
		{"not UTF-8", "name: x\nlanguage: g\xffo\n", ":2:12: the byte 0xff is not UTF-8", ""},
		{"binary", "\x00asm\x01\x00\x00\x00", ":1:1: control character U+0000", ""},
		{"huge", head + strings.Repeat("#", yamlfile.MaxSize), ": the file is larger than 16 KiB", ""},
		{"a list", "- name: x\n", ":1:1: the file must hold 'key: value' lines, not a list", "name: my-filter"},
		{"a text", "hello", ":1:1: the file must hold 'key: value' lines, not a text", "name: my-filter"},
		{"two documents", head + "---\nname: y\nlanguage: go\n", ":4:5: a second document begins here", "keep one document"},
		{"misspelt key", "name: x\nlangauge: go\n", `:2:1: unknown key "langauge"`, `did you mean "language"? the keys are name, language, config, schema, build`},
		{"unknown key", head + "  \nversion: 1\n", `:4:1: unknown key "version"`, "the keys are name, language, config, schema"},
		{"key twice", head + "name: y\n", `:3:1: the key "name" is there twice`, "keep one of the two"},
		{"key that is a number", head + "1: y\n", ":3:1: a key must be a plain word, not a number", ""},
		{"key that is a list", head + "? [a]\n: y\n", ":4:1: not valid YAML", ""},
		{"number", "name: 7\nlanguage: go\n", ":1:7: name must be a text, not a number", "quotes"},
		{"true", "name: true\nlanguage: go\n", ":1:7: name must be a text, not true or false", "quotes"},
		{"null", "name: ~\nlanguage: go\n", ":1:7: name must be a text, not nothing", "quotes"},
		{"no value", "name: x\nlanguage:\n", ":2:11: language must be a text, not nothing", ""},
		{"list", head + "config: [a, b]\n", ":3:9: config must be a text, not a list", ""},
		{"mapping", head + "config:\n  a: b\n", ":4:4: config must be a text, not a mapping", ""},
		{"bad name", "name: My Filter\nlanguage: go\n", `:1:7: name: the name "My Filter" does not begin with a lower-case letter`, `for example "my-filter"`},
		{"misspelt language", "name: x\nlanguage: og\n", `:2:11: language: unknown language "og"`, `did you mean "go"? the languages are go, rust, cpp, assemblyscript`},
		{"unknown language", "name: x\nlanguage: cobol\n", `:2:11: language: unknown language "cobol"`, "the languages are go"},
		{"no name", "language: go\n", `:1:1: the key "name" is missing`, "name: my-filter"},
		{"no language", "name: x\n", `:1:1: the key "language" is missing`, "language: go"},
		{"file outside", head + "config: ../config.yaml\n", `:3:9: config: the file "../config.yaml" is outside of the project`, "relative"},
		{"file absolute", head + "schema: /etc/passwd\n", `:3:9: schema: the file "/etc/passwd" is outside of the project`, "relative"},
		{"file with backslash", head + "config: a\\b\n", `:3:9: config: the file name "a\b" contains a backslash or a NUL`, "'/'"},
		{"file empty", head + "config: ''\n", ":3:9: config: the file name is empty", "leave the line out"},
		{"anchor", "name: &n x\nlanguage: go\n", ":1:7: name must be a text, not an anchor or alias", ""},
		{"alias", "name: *n\nlanguage: go\n", ":1:7: ", ""},
		{"tag", "name: !!str x\nlanguage: go\n", ":1:7: name must be a text, not a tag", ""},
		{"merge", head + "<<: {config: c}\n", ":3:1: a key must be a plain word, not an anchor or alias", ""},
		{"bad syntax", "name: \"x\nlanguage: go\n", ":1:7: not valid YAML: ", ""},
		{"tab", "name: x\n\tlanguage: go\n", ":", ""},
		{"deep", head + "config: " + deep, ":", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := decode(FileName, []byte(c.text))
			if file := (*FileError)(nil); !errors.As(err, &file) {
				t.Fatalf("error is %v, want a *FileError", err)
			}
			if !strings.HasPrefix(err.Error(), FileName+c.want) {
				t.Errorf("error\n %q, want\n %q", err, FileName+c.want)
			}
			if next := strings.Join(hint.Of(err), "\n"); !strings.Contains(next, c.next) {
				t.Errorf("next step %q, want %q", next, c.next)
			}
		})
	}
}

func TestAnchorsAreNotExpanded(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
	if _, err := decode(FileName, []byte(bomb)); err == nil {
		t.Error("accepted")
	}
	inside := "name: x\nlanguage: go\nconfig: " + strings.Repeat("&a [", 2000) + strings.Repeat("]", 2000)
	if _, err := decode(FileName, []byte(inside)); err == nil {
		t.Error("accepted")
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"name: x\nlanguage: go\nconfig: c.yaml\nschema: s.json\n", "", "---\n---\n", "- a\n- b\n", "{a: [b, {c: d}]}",
		"name: &a x\nlanguage: *a\n", "? a\n: b\n", "name: |\n  x\nlanguage: >-\n  go\n", "<<: *x",
		"name: x\nbuild: {command: [a, b], fetch: c, output: d, image: e, optimize: on, names: true, ignore: [f]}\n", "!!map {}", "%YAML 1.2\n---\na: b", "a: \"\\x\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := decode(FileName, text)
		if err != nil {
			if file := (*FileError)(nil); !errors.As(err, &file) {
				t.Fatalf("error of type %T: %v", err, err)
			}
			return
		}
		if ValidateName(p.Name) != nil || p.Build.Command.IsZero() && !slices.Contains(Languages(), p.Language) {
			t.Fatalf("accepted %+v", p)
		}
	})
}
