package project

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/hint"
)

func TestDecodeBuild(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, text string
		language   Language
		want       Build
	}{
		{"text", "build:\n  command: make filter\n", "", Build{Command: Command{Shell: "make filter"}}},
		{"list", "build: {command: [make, -j, '2']}\n", "", Build{Command: Command{Args: []string{"make", "-j", "2"}}}},
		{
			"lines", "build:\n  command: |\n    make a\n    make b\n", "",
			Build{Command: Command{Shell: "make a\nmake b"}},
		},
		{
			"lines from Windows", "build:\r\n  command: |\r\n    make a\r\n    make b\r\n", "",
			Build{Command: Command{Shell: "make a\nmake b"}},
		},
		{"word", "language: tinygo\nbuild: {command: make}\n", "tinygo", Build{Command: Command{Shell: "make"}}},
		{"word of wasmctl", "language: go\nbuild: {command: make}\n", Go, Build{Command: Command{Shell: "make"}}},
		{"settings alone", "language: rust\nbuild: {optimize: off, names: true}\n", Rust, Build{Optimize: "off", Names: true}},
		{
			"everything", "build:\n  command: zig build\n  fetch: [zig, fetch]\n  output: ./out/f.wasm\n  image: me/zig:1\n" +
				"  optimize: on\n  names: false\n  ignore:\n    - out\n    - docs/\n",
			"",
			Build{
				Command: Command{Shell: "zig build"}, Fetch: Command{Args: []string{"zig", "fetch"}}, Output: "out/f.wasm",
				Image: "me/zig:1", Optimize: "on", Ignore: []string{"out", "docs"},
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := decode(FileName, []byte("name: x\n"+c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Project{Name: "x", Language: c.language, Build: c.want}, *p); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeBuildErrors(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, text, want, next string }{
		{"no mapping", "build: make\n", ":2:8: build must be a mapping, not a text", "key: value"},
		{"nothing", "language: go\nbuild:\n", ":3:8: build must be a mapping, not nothing", "key: value"},
		{"unknown key", "build:\n  comand: make\n", `:3:3: unknown key "comand"`, `did you mean "command"?`},
		{"no language", "build: {names: true}\n", `:1:1: the key "language" is missing`, "language: go"},
		{"language", "language: zig\n", `:2:11: language: unknown language "zig"`, "build.command"},
		{"no word", "language: a b\nbuild: {command: make}\n", `:2:11: language: "a b" is no word`, "leave the line out"},
		{"empty word", "language: ''\nbuild: {command: make}\n", `:2:11: language: "" is no word`, ""},
		{"number", "build:\n  command: 7\n", ":3:12: build.command must be a text or a list, not a number", "text, or as a list"},
		{"empty", "build:\n  command: '  '\n", ":3:12: build.command: the command is empty", ""},
		{"NUL", "build:\n  command: \"a\\0b\"\n", ":3:12: build.command: the command contains a NUL", ""},
		{"empty list", "build:\n  command: []\n", ":3:12: build.command: the list does not begin with a program", "program first"},
		{"number in list", "build:\n  command: [make, 2]\n", ":3:19: an element of build.command must be a text, not a number", "quotes"},
		{"NUL in list", "build:\n  command: [make, \"\\0\"]\n", ":3:19: build.command: the text contains a NUL", ""},
		{"fetch without command", "language: go\nbuild:\n  fetch: make\n", ":4:10: this belongs", "add build.command"},
		{"output without command", "language: go\nbuild:\n  output: a.wasm\n", ":4:11: this belongs", "add build.command"},
		{"output outside", "build:\n  command: make\n  output: ../a.wasm\n", `:4:11: build.output: the file "../a.wasm" is outside`, "relative"},
		{"image", "build:\n  command: make\n  image: a b\n", `:4:10: image: "a b" is no name of an image`, "docker pull"},
		{"optimize", "language: go\nbuild: {optimize: onn}\n", `:3:19: optimize: unknown value "onn"`, `did you mean "on"?`},
		{"names", "language: go\nbuild: {names: yess}\n", ":3:16: build.names must be true or false, not a text", "true or false"},
		{"ignore", "language: go\nbuild: {ignore: dist}\n", ":3:17: build.ignore must be a list, not a text", ""},
		{"ignore all", "language: go\nbuild: {ignore: [./]}\n", `:3:18: build.ignore: "." is the whole project`, ""},
		{"ignore outside", "language: go\nbuild: {ignore: [a, /etc]}\n", `:3:21: an element of build.ignore: the file "/etc" is outside`, "relative"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := decode(FileName, []byte("name: x\n"+c.text))
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
