package scaffold_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/scaffold"
	"github.com/wasmctl/wasmctl/internal/yamlfile"
)

// least is the parameter file of a template for Go.
const least = "description: d\nlanguage: go\n"

// folder writes files, by path, into a new folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	return dir
}

func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// with is a template for Go with these files.
func with(files map[string]string) map[string]string {
	all := map[string]string{scaffold.ManifestName: least}
	maps.Copy(all, files)
	return all
}

func contents(plan *scaffold.Plan) map[string]string {
	files := map[string]string{}
	for _, f := range plan.Files {
		files[f.Path] = string(f.Content)
	}
	return files
}

func TestOwnTemplate(t *testing.T) {
	t.Parallel()
	const binary = "\x00asm\xff<% .Name %>\r\n"
	dir := folder(t, map[string]string{
		"template.yaml": "description: d\nlanguage: cpp\nparameters:\n- {name: realm, default: <% .Name %>-realm}\n" +
			"- {name: loud, choices: ['yes', 'no'], default: 'no'}\n",
		"README.md.tmpl":            "<% .Name %> <% .Type %> <% .Var %> <% .Snake %> <% .Language %> <% .Param.realm %>\n",
		"src/__snake__.cc.tmpl":     `<% template "license" %><% quote .Param.realm %>`,
		"src/__init__.py":           "",
		"__realm__/a__b":            "x",
		"license.part.tmpl":         `<% define "license" %>// free` + "\n" + `<% end %>`,
		"loud.txt.tmpl":             `<% if eq .Param.loud "yes" %>LOUD<% end %>`,
		"dot_github/dot_x/ci.yaml":  "on: push\n",
		"logo.png":                  binary,
		"config.yaml":               "a: 1\n",
		"sub/template.yaml":         "not ours",
		"größe mit leer/ü.txt.tmpl": "ü<% .Name %>",
		".git/config":               "[core]",
		".gitattributes":            "* text\n",
	})
	if err := os.Chmod(filepath.Join(dir, "logo.png"), 0o700); err != nil { //nolint:gosec // the point of it
		t.Fatal(err)
	}
	want := map[string]string{
		"README.md":            "my-filter MyFilter myFilter my_filter cpp shop\n",
		"src/my_filter.cc":     "// free\n\"shop\"",
		"src/__init__.py":      "",
		"shop/a__b":            "x",
		".github/.x/ci.yaml":   "on: push\n",
		"logo.png":             binary,
		"config.yaml":          "a: 1\n",
		"sub/template.yaml":    "not ours",
		"größe mit leer/ü.txt": "ümy-filter",
		".gitattributes":       "* text\n",
		project.FileName:       "# This file makes the folder a wasmctl project.\nname: \"my-filter\"\nlanguage: cpp\nconfig: config.yaml\n",
	}
	plan, err := request{template: dir, name: "my-filter", values: map[string]string{"realm": "shop"}}.render(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(plan); !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, f := range plan.Files {
		if executable := f.Path == "logo.png" && runtime.GOOS != "windows"; (f.Mode == 0o755) != executable {
			t.Errorf("%s has the mode %v", f.Path, f.Mode)
		}
	}
	if plan.Values["loud"] != "no" || plan.Values["realm"] != "shop" {
		t.Errorf("values %q", plan.Values)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := plan.Write(t.Context(), out, scaffold.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if p, err := project.Load(out); err != nil || p.Name != "my-filter" || p.Language != project.Cpp {
		t.Errorf("project %+v, %v", p, err)
	}
}

func TestLanguageOfOwnTemplate(t *testing.T) {
	t.Parallel()
	custom := folder(t, map[string]string{"template.yaml": "description: d\nlanguage: zig\n", "wasmctl.yaml": "x"})
	open := folder(t, map[string]string{"template.yaml": "description: d\n", "a": "x"})
	cpp := folder(t, map[string]string{"template.yaml": "description: d\nlanguage: cpp\n"})
	unknown := folder(t, map[string]string{"template.yaml": "description: d\nlanguage: zig\n"})
	cases := []struct{ language, dir, want, fault string }{
		{"", custom, "zig", ""},
		{"go", custom, "", "is for zig, not for go"},
		{"", open, "", "names no language"},
		{"golang", open, "go", ""},
		{"cobol", open, "", `unknown language "cobol"`},
		{"", cpp, "cpp", ""},
		{"c++", cpp, "cpp", ""},
		{"rust", cpp, "", "is for cpp, not for rust"},
		{"", unknown, "", `unknown language "zig"`},
	}
	for _, c := range cases {
		opened, err := scaffold.Open(t.Context(), c.language, c.dir)
		if err == nil {
			_, err = opened.Render(t.Context(), "x", nil)
		}
		switch {
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault) || len(hint.Of(err)) == 0):
			t.Errorf("%q: error %v, want %s", c.language, err, c.fault)
		case c.fault == "" && (err != nil || string(opened.Language) != c.want):
			t.Errorf("%q: %v, want %s", c.language, err, c.want)
		}
	}
}

// What is no template, or one that must not be used, is refused with a reason.
func TestRefusedTemplates(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long/", 45) + "x"
	cases := map[string]struct {
		files map[string]string
		want  string
	}{
		"empty":                {nil, "no template: "},
		"no parameter file":    {map[string]string{"main.go": "x"}, "has no template.yaml"},
		"wrong parameter file": {map[string]string{"template.yaml": "description: d\nlang: go\n"}, `template.yaml:2:1: unknown key "lang"`},
		"out of the project":   {with(map[string]string{"dot_./x": "x"}), "leads out of the project"},
		"out by a name":        {with(map[string]string{"template.yaml": least + "parameters: [{name: up, default: ../../x}]\n", "__up__": "x"}), "leads out of the project"},
		"absolute by a name":   {with(map[string]string{"template.yaml": least + "parameters: [{name: up, default: /x}]\n", "__up__": "x"}), "is not below the project"},
		"empty by a name":      {with(map[string]string{"template.yaml": least + "parameters: [{name: up, default: ''}]\n", "a/__up__": "x"}), "an empty name"},
		"git's folder":         {with(map[string]string{"dot_git/hooks/post-checkout": "x"}), "is git's own"},
		"git's folder below":   {with(map[string]string{"a/.GIT/config": "x"}), "is git's own"},
		"git's folder, short":  {with(map[string]string{"GIT~1/config": "x"}), "is git's own"},
		"device":               {with(map[string]string{"src/NUL.txt": "x"}), "a device on Windows"},
		"device by the suffix": {with(map[string]string{"com1.tmpl": "x"}), "a device on Windows"},
		"dot at the end":       {with(map[string]string{"a./x": "x"}), "ends with '.'"},
		"blank at the end":     {with(map[string]string{"a ": "x"}), "ends with '.'"},
		"colon":                {with(map[string]string{"a:b": "x"}), "has ':' in its name"},
		"backslash":            {with(map[string]string{`..\a`: "x"}), `has '\\' in its name`},
		"line feed":            {with(map[string]string{"a\nb": "x"}), "U+000A"},
		"invisible":            {with(map[string]string{".g\u200cit/config": "x"}), "U+200C"},
		"not UTF-8":            {with(map[string]string{"a\xff": "x"}), "not UTF-8"},
		"long":                 {with(map[string]string{long: "x"}), "more than 200 bytes"},
		"twice":                {with(map[string]string{"a": "x", "a.tmpl": "y"}), "has twice"},
		"twice by the dot":     {with(map[string]string{".a": "x", "dot_a": "y"}), "has twice"},
		"case":                 {with(map[string]string{"README.md": "x", "readme.md": "y"}), `cannot tell from "README.md"`},
		"case of a folder":     {with(map[string]string{"src/a": "x", "SRC/b": "y"}), "cannot tell from"},
		"file and folder":      {with(map[string]string{"Src": "x", "src/b": "y"}), "cannot tell from"},
		"composed and not":     {with(map[string]string{"\u00fc": "x", "u\u0308": "y"}), "cannot tell from"},
		"no name":              {with(map[string]string{".tmpl": "x"}), "has no name"},
		"syntax":               {with(map[string]string{"a.tmpl": "x\n<% if %>"}), "a.tmpl:2: missing value for if"},
		"unknown value":        {with(map[string]string{"a.tmpl": "<% .Nope %>"}), "a.tmpl:1:3: executing"},
		"unknown parameter":    {with(map[string]string{"a.tmpl": "<% .Param.nope %>"}), `map has no entry for key "nope"`},
		"unknown piece":        {with(map[string]string{"a.tmpl": `<% template "b" %>`}), `template "b" not defined`},
		"function not offered": {with(map[string]string{"a.tmpl": `<% printf "%1000000d" 1 %>`}), `function "printf" not defined`},
		"our own function":     {with(map[string]string{"a.tmpl": `<% step -1000000 %>`}), `function "step" not defined`},
		"large template":       {with(map[string]string{"a.tmpl": strings.Repeat("x", 257<<10)}), "larger than 256 KiB"},
		"large file":           {with(map[string]string{"a": strings.Repeat("x", 9<<20)}), "a is larger than 8 MiB"},
		"many pieces":          {with(map[string]string{"a.part.tmpl": strings.Repeat("x", 2<<20)}), "*.part.tmpl are larger than 1024 KiB"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS != "linux" {
				t.Skip("not every system has files with such names")
			}
			dir := folder(t, c.files)
			_, err := request{template: dir, name: "x"}.render(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestWhatIsNoPlainFile(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(path string) error{
		"file":   func(path string) error { return os.Symlink("/etc/passwd", path) },
		"inside": func(path string) error { return os.Symlink("template.yaml", path) },
		"folder": func(path string) error { return os.Symlink("/etc", path) },
	} {
		dir := folder(t, with(nil))
		if err := make(filepath.Join(dir, "link")); err != nil {
			t.Skip(err)
		}
		_, err := scaffold.Open(t.Context(), "", dir)
		if bad := (*scaffold.NameError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), "a symbolic link") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	dir := t.TempDir()
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "template.yaml")); err != nil {
		t.Skip(err)
	}
	if _, err := scaffold.Open(t.Context(), "", dir); err == nil || !strings.Contains(err.Error(), "a symbolic link") {
		t.Errorf("error %v", err)
	}
}

func TestManyFiles(t *testing.T) {
	t.Parallel()
	files := with(nil)
	for i := range 1001 {
		files[strings.Repeat("a", i/100+1)+"/"+strings.Repeat("b", i%100+1)] = ""
	}
	if _, err := scaffold.Open(t.Context(), "", folder(t, files)); err == nil || !strings.Contains(err.Error(), "more than 1000 files") {
		t.Errorf("error %v", err)
	}
}

func TestFolderThatIsNone(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"file": "x"})
	for _, reference := range []string{dir + "/none", dir + "/file", "./none", "../none/x"} {
		if _, err := scaffold.Open(t.Context(), "", reference); err == nil || len(hint.Of(err)) == 0 {
			t.Errorf("%s: error %v", reference, err)
		}
	}
	if _, err := scaffold.Open(t.Context(), "", "https://example.com/x"); err == nil || !strings.Contains(strings.Join(hint.Of(err), ""), "git+https://") {
		t.Errorf("error %v", err)
	}
}

// A template from anybody neither hangs nor fills the memory.
func TestTemplatesThatGoTooFar(t *testing.T) {
	t.Parallel()
	fan := `<% define "p0" %><% end %>`
	for i := range 40 { // each uses the one before it twice
		fan += fmt.Sprintf(`<%% define "p%d" %%><%% template "p%d" . %%><%% template "p%d" . %%><%% end %%>`, i+1, i, i)
	}
	cases := map[string]struct{ text, want string }{
		"long loop":      {`<% range 1000000000 %><% end %>`, "steps"},
		"loops in loops": {`<% range 100000000 %><% range 1000000000 %><% continue %><% end %><% end %>`, "steps"},
		"loop of much":   {`<% range 100000000 %>` + strings.Repeat(`<% if $.Name %><% end %>`, 10000) + `<% end %>`, "steps"},
		"recursion":      {`<% define "a" %><% template "a" . %><% template "a" . %><% end %><% template "a" . %>`, "steps"},
		"fan":            {fan + `<% template "p40" . %>`, "steps"},
		"doubling":       {`<% $x := "aaaaaaaa" %><% range 100 %><% $x = print $x $x %><% end %>`, "longer than 64 KiB"},
		"doubling data":  {`<% define "a" %><% template "a" (print . .) %><% end %><% template "a" .Name %>`, "longer than 64 KiB"},
		"quoting":        {`<% $x := "\"" %><% range 100 %><% $x = quote $x %><% end %>`, "longer than 64 KiB"},
		"copying":        {`<% $x := "a" %><% range 15 %><% $x = print $x $x %><% end %><% range 9999999 %><% $y := print $x $x %><% end %>`, "steps"},
		"output":         {`<% range 1000000 %>` + strings.Repeat("a", 1000) + `<% end %>`, "larger than 1024 KiB"},
		"deep":           {strings.Repeat(`<% if .Name %>`, 10000) + strings.Repeat(`<% end %>`, 10000), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			dir := folder(t, with(map[string]string{"a.tmpl": c.text}))
			_, err := request{template: dir, name: "x"}.render(ctx)
			if ctx.Err() != nil {
				t.Fatal("it takes too long")
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestRenderingIsCancelled(t *testing.T) {
	t.Parallel()
	dir := folder(t, with(map[string]string{"a.tmpl": "<% .Name %>"}))
	opened, err := scaffold.Open(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := opened.Render(ctx, "x", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := scaffold.Open(ctx, "", dir); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	const manifest = "description: d\nlanguage: go\nparameters:\n" +
		"- {name: realm, pattern: '[a-z]+'}\n- {name: level, choices: [low, high], default: low}\n- {name: both, default: '<% .Name %>-<% .Param.level %>', pattern: '[a-z-]*'}\n"
	dir := folder(t, map[string]string{"template.yaml": manifest})
	cases := []struct {
		given map[string]string
		want  map[string]string
		fault string
		next  string
	}{
		{map[string]string{"realm": "a"}, map[string]string{"realm": "a", "level": "low", "both": "x-low"}, "", ""},
		{map[string]string{"realm": "a", "level": "high", "both": ""}, map[string]string{"realm": "a", "level": "high", "both": ""}, "", ""},
		{nil, nil, "the parameter realm has no value", "--param realm=VALUE"},
		{map[string]string{"realm": "a b"}, nil, `realm "a b" does not match [a-z]+`, ""},
		{map[string]string{"realm": "a\nb"}, nil, "contains the control character U+000A", ""},
		{map[string]string{"realm": "a\x00"}, nil, "contains the control character U+0000", ""},
		{map[string]string{"realm": "a\xff"}, nil, "is not UTF-8", ""},
		{map[string]string{"realm": strings.Repeat("a", 1025)}, nil, "has 1025 bytes, more than 1024", ""},
		{map[string]string{"realm": "a", "level": "hihg"}, nil, `level "hihg" is none of low, high`, `did you mean "high"?`},
		{map[string]string{"realm": "a", "levle": "high"}, nil, `unknown parameter "levle" (offered: realm, level, both)`, `did you mean "level"?`},
	}
	for _, c := range cases {
		plan, err := request{template: dir, name: "x", values: c.given}.render(t.Context())
		if c.fault == "" {
			if err != nil || !maps.Equal(plan.Values, c.want) {
				t.Errorf("%q: %v", c.given, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.fault) || !strings.Contains(strings.Join(hint.Of(err), ""), c.next) {
			t.Errorf("%q: error %v, next step %q", c.given, err, hint.Of(err))
		}
	}
}

func TestManifestFaults(t *testing.T) {
	t.Parallel()
	cases := []struct{ text, want, next string }{
		{"", ":1:1: the file is empty", "description"},
		{"language: go\n", `:1:1: the key "description" is missing`, "description: what the filter does"},
		{"description: ''\n", ":1:14: description: the text is empty", ""},
		{"description: |\n  a\n  b\n", ":1:14: description: contains the control character U+000A", ""},
		{least + "title: X\n", `:3:1: unknown key "title"`, "the keys are"},
		{least + "paramters: []\n", `:3:1: unknown key "paramters"`, `did you mean "parameters"?`},
		{"description: d\nlanguage: G O\n", `:2:11: language: "G O" is no name of a language`, `did you mean "go"?`},
		{least + "parameters: x\n", ":3:13: parameters must be a list, not a text", ""},
		{least + "parameters: [x]\n", ":3:14: a parameter must be a mapping, not a text", ""},
		{least + "parameters:\n- prompt: P\n", `:4:3: the key "name" is missing`, "name: module"},
		{least + "parameters:\n- name: A\n", `:4:9: name: "A" is no name of a parameter`, "lower-case"},
		{least + "parameters:\n- name: name\n", ":4:9: name: the name of the filter is a parameter", ""},
		{least + "parameters:\n- name: a\n- name: a\n", `the parameter "a" is there twice`, "keep one"},
		{least + "parameters:\n- name: a\n  pattern: '('\n", ":5:12: pattern: error parsing regexp: missing closing )", "re2"},
		{least + "parameters:\n- name: a\n  pattern: '(a{1000}){1000}'\n", ":5:12: pattern: error parsing regexp", ""},
		{least + "parameters:\n- name: a\n  pattern: b\n  default: c\n", `:6:12: default: "c" does not match b`, ""},
		{least + "parameters:\n- name: a\n  default: <% if %>\n", ":5:12: default:1: missing value for if", ""},
		{least + "parameters:\n- name: a\n  default: 7\n", ":5:12: default must be a text, not a number", "quotes"},
		{least + "parameters:\n- name: a\n  choices: []\n", ":5:12: choices: the list is empty", ""},
		{least + "parameters:\n- name: a\n  choices: [yes, true]\n", "an element of choices must be a text, not true or false", ""},
		{least + "parameters:\n- name: a\n  pattern: b\n  choices: [c]\n", `choices: "c" does not match b`, ""},
		{least + "parameters:\n" + strings.Repeat("- {name: a}\n", 51), ":", "51 parameters"},
		{least + strings.Repeat("#", 16<<10), ": the file is larger than 16 KiB", ""},
	}
	for _, c := range cases {
		dir := folder(t, map[string]string{"template.yaml": c.text})
		_, err := scaffold.Open(t.Context(), "", dir)
		file := (*yamlfile.Error)(nil)
		if !errors.As(err, &file) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), filepath.ToSlash(dir)+"/template.yaml:") {
			t.Errorf("%q: error %v, want %s", c.text, err, c.want)
		}
		if next := strings.Join(hint.Of(err), "") + err.Error(); !strings.Contains(next, c.next) {
			t.Errorf("%q: next step %q, want %q", c.text, next, c.next)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		least, least + "parameters:\n- {name: a, default: b, pattern: '[a-c]', choices: [b, c]}\n", "- a", "{a: {b: [c]}}", "description: &a b\nlanguage: *a\n",
		least + "parameters: [{name: a, default: <% .Name %>}]\n",
	} {
		f.Add(seed, "<% .Name %>", "src/__name__.go")
	}
	f.Add(least, `<% define "a" %><% template "a" . %><% end %><% range 99999999 %><% end %>`, "../x")
	f.Add(least, `<% with $x := print .Name 1 %><% quote $x %><% else with .Type %><% end %>`, "CON.tmpl")
	f.Fuzz(func(t *testing.T, manifest, text, name string) {
		dir := t.TempDir()
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		_ = root.MkdirAll(filepath.Dir(name), 0o700)
		_ = root.WriteFile(name, []byte(text), 0o600)
		_ = root.WriteFile("a.tmpl", []byte(text), 0o600)
		_ = root.WriteFile(scaffold.ManifestName, []byte(manifest), 0o600)
		plan, err := request{template: dir, name: "x"}.render(t.Context())
		if err != nil {
			return
		}
		for _, file := range plan.Files {
			if !fs.ValidPath(file.Path) || !filepath.IsLocal(filepath.FromSlash(file.Path)) {
				t.Fatalf("accepted the path %q", file.Path)
			}
			if slices.Contains(strings.Split(strings.ToLower(file.Path), "/"), ".git") {
				t.Fatalf("accepted the path %q", file.Path)
			}
		}
	})
}
