package scaffold_test

import (
	"bytes"
	"context"
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

// request is what a project is made from.
type request struct {
	language, template, name string
	values                   map[string]string
}

func (r request) render(ctx context.Context) (*scaffold.Plan, error) {
	opened, err := scaffold.Open(ctx, r.language, r.template)
	if err != nil {
		return nil, err
	}
	return opened.Render(ctx, r.name, r.values)
}

func languages(t testing.TB) []scaffold.Language {
	t.Helper()
	all, err := scaffold.Languages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// each calls the test for each language and template, as a parallel subtest.
func each(t *testing.T, test func(t *testing.T, p request)) {
	t.Helper()
	for _, l := range languages(t) {
		for _, tm := range l.Templates {
			t.Run(string(l.Name)+"/"+tm.Name, func(t *testing.T) {
				t.Parallel()
				test(t, request{language: string(l.Name), template: tm.Name})
			})
		}
	}
}

func render(t testing.TB, p request) map[string][]byte {
	t.Helper()
	plan, err := p.render(t.Context())
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
	each(t, func(t *testing.T, p request) {
		p.name = "my-filter"
		files := render(t, p)
		for _, name := range []string{"wasmctl.yaml", "README.md", ".gitignore", ".github/workflows/ci.yaml"} {
			if len(files[name]) == 0 {
				t.Errorf("%s is missing", name)
			}
		}
		for _, name := range []string{"config.yaml", "config.schema.json"} {
			if want := p.template != "empty"; (files[name] != nil) != want {
				t.Errorf("%s is there: %t", name, !want)
			}
		}
		if p.language == "go" && (files["go.mod"] == nil || files["go.sum"] == nil || files["main_test.go"] == nil) {
			t.Error("go.mod, go.sum or main_test.go is missing")
		}
	})
}

func TestFilesAreClean(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p request) {
		for _, name := range names() {
			p.name = name
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
	each(t, func(t *testing.T, p request) {
		p.name = "zq-9x"
		found := false
		for file, content := range render(t, p) {
			for _, left := range append(templateWords(p.template), "<%", "%>", "<no value>", ".tmpl", "dot_", "my-filter") {
				if strings.Contains(file, left) || bytes.Contains(content, []byte(left)) {
					t.Errorf("%s contains %q", file, left)
				}
			}
			found = found || bytes.Contains(content, []byte("Zq9xPlugin"))
		}
		if p.language == "go" && !found {
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
	p := request{language: "go", template: "http-headers", name: "x"}
	for module, want := range map[string]string{"": "example.com/x", "github.com/me/filters/x": "github.com/me/filters/x"} {
		p.values = map[string]string{}
		if module != "" {
			p.values["module"] = module
		}
		if got := string(render(t, p)["go.mod"]); !strings.HasPrefix(got, "module "+want+"\n") {
			t.Errorf("module %q: go.mod begins with %.40q", module, got)
		}
	}
	for _, module := range []string{"", ".", "a/.", "a.", "a b", "/x", "x/", "a\nb", "a//b", "-x", "größe"} {
		p.values = map[string]string{"module": module}
		if _, err := p.render(t.Context()); err == nil {
			t.Errorf("accepted the module path %q", module)
		}
	}
}

func TestBadName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "X", "../x", "a_b"} {
		_, err := request{language: "go", template: "http-headers", name: name}.render(t.Context())
		if bad := (*project.NameError)(nil); !errors.As(err, &bad) {
			t.Errorf("name %q: error %v", name, err)
		}
	}
}

// The example configuration of every project follows its schema, whatever the
// name does to it.
func TestConfigFollowsItsSchema(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p request) {
		if p.template == "empty" {
			return // it has neither
		}
		for _, name := range names() {
			p.name = name
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
	p := request{language: "go", template: "http-headers", name: "my-filter"}
	for b.Loop() {
		render(b, p)
	}
}
