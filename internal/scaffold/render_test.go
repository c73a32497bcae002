package scaffold_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/format"
	"path"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/scaffold"
)

// names are names that a template could stumble over.
func names() []string {
	return []string{
		"x", "my-2nd-filter", "func", "type", "main", "config", "changes", "header", "name", "init", "std", "log", "true", "null", "a1b2-c3",
		strings.Repeat("a", project.MaxNameLength), "a" + strings.Repeat("-b", (project.MaxNameLength-1)/2),
	}
}

// each calls the test for each language and template, as a parallel subtest.
func each(t *testing.T, test func(t *testing.T, p scaffold.Parameters)) {
	t.Helper()
	for _, l := range scaffold.Languages() {
		for _, tm := range l.Templates {
			t.Run(string(l.Name)+"/"+tm.Name, func(t *testing.T) {
				t.Parallel()
				test(t, scaffold.Parameters{Language: string(l.Name), Template: tm.Name})
			})
		}
	}
}

func render(t testing.TB, p scaffold.Parameters) map[string][]byte {
	t.Helper()
	plan, err := scaffold.Render(p)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range plan.Files {
		if f.Mode != 0o644 {
			t.Errorf("%s has the mode %v", f.Path, f.Mode)
		}
		files[f.Path] = f.Content
	}
	return files
}

func TestEveryProjectHas(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p scaffold.Parameters) {
		p.Name = "my-filter"
		files := render(t, p)
		for _, name := range []string{"wasmctl.yaml", "README.md", ".gitignore", ".github/workflows/ci.yaml"} {
			if len(files[name]) == 0 {
				t.Errorf("%s is missing", name)
			}
		}
		for _, name := range []string{"config.yaml", "config.schema.json"} {
			if want := p.Template != "empty"; (files[name] != nil) != want {
				t.Errorf("%s is there: %t", name, !want)
			}
		}
		if p.Language == "go" && (files["go.mod"] == nil || files["go.sum"] == nil || files["main_test.go"] == nil) {
			t.Error("go.mod, go.sum or main_test.go is missing")
		}
	})
}

func TestFilesAreClean(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p scaffold.Parameters) {
		for _, name := range names() {
			p.Name = name
			for file, content := range render(t, p) {
				if !bytes.HasSuffix(content, []byte("\n")) || bytes.HasSuffix(content, []byte("\n\n")) || bytes.Contains(content, []byte("\r")) {
					t.Errorf("%s: %s does not end with one line feed", name, file)
				}
				for i, line := range strings.Split(string(content), "\n") {
					if strings.TrimRight(line, " \t") != line {
						t.Errorf("%s: %s:%d ends with a blank", name, file, i+1)
					}
				}
				if path.Ext(file) != ".go" {
					continue
				}
				formatted, err := format.Source(content)
				if err != nil {
					t.Fatalf("%s: %s: %v", name, file, err)
				}
				if !bytes.Equal(formatted, content) {
					t.Errorf("%s: %s is not formatted", name, file)
				}
			}
		}
	})
}

func TestNothingIsLeftOfTheTemplate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p scaffold.Parameters) {
		p.Name = "zq-9x"
		found := false
		for file, content := range render(t, p) {
			for _, left := range append(templateWords(p.Template), "<%", "%>", "<no value>", ".tmpl", "dot_", "my-filter") {
				if strings.Contains(file, left) || bytes.Contains(content, []byte(left)) {
					t.Errorf("%s contains %q", file, left)
				}
			}
			found = found || bytes.Contains(content, []byte("Zq9xPlugin"))
		}
		if p.Language == "go" && !found {
			t.Error("no type is named after the project")
		}
	})
}

// templateWords are what a template could be called in its own text. "empty" is
// a word like any other.
func templateWords(name string) []string {
	if name == "empty" {
		return nil
	}
	return []string{name, pascal(name)}
}

func pascal(name string) string {
	words := strings.Split(name, "-")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

func TestModulePath(t *testing.T) {
	t.Parallel()
	p := scaffold.Parameters{Language: "go", Template: "http-headers", Name: "x"}
	for module, want := range map[string]string{"": "example.com/x", "github.com/me/filters/x": "github.com/me/filters/x"} {
		p.Module = module
		if got := string(render(t, p)["go.mod"]); !strings.HasPrefix(got, "module "+want+"\n") {
			t.Errorf("module %q: go.mod begins with %.40q", module, got)
		}
	}
	for _, module := range []string{"a b", "/x", "x/", "a\nb", "a//b", "-x", "größe"} {
		p.Module = module
		if _, err := scaffold.Render(p); err == nil {
			t.Errorf("accepted the module path %q", module)
		}
	}
}

func TestBadName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "X", "../x", "a_b"} {
		_, err := scaffold.Render(scaffold.Parameters{Language: "go", Template: "http-headers", Name: name})
		if bad := (*project.NameError)(nil); !errors.As(err, &bad) {
			t.Errorf("name %q: error %v", name, err)
		}
	}
}

// The example configuration of every project follows its schema, whatever the
// name does to it.
func TestConfigFollowsItsSchema(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p scaffold.Parameters) {
		if p.Template == "empty" {
			return // it has neither
		}
		for _, name := range names() {
			p.Name = name
			files := render(t, p)
			schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(files["config.schema.json"]))
			if err != nil {
				t.Fatal(err)
			}
			compiler := jsonschema.NewCompiler()
			if err := compiler.AddResource("schema.json", schema); err != nil {
				t.Fatal(err)
			}
			compiled, err := compiler.Compile("schema.json")
			if err != nil {
				t.Fatal(err)
			}
			config, err := yaml.YAMLToJSON(files["config.yaml"])
			if err != nil {
				t.Fatal(err)
			}
			var value any
			if err := json.Unmarshal(config, &value); err != nil {
				t.Fatal(err)
			}
			if err := compiled.Validate(value); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	p := scaffold.Parameters{Language: "go", Template: "http-headers", Name: "my-filter"}
	for b.Loop() {
		render(b, p)
	}
}
