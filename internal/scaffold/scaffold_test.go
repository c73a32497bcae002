package scaffold_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/scaffold"
	"github.com/wasmctl/wasmctl/templates"
)

func TestCatalogueIsWhatIsEmbedded(t *testing.T) {
	t.Parallel()
	var offered []string
	for _, l := range scaffold.Languages() {
		if !slices.Contains(project.Languages(), l.Name) || l.Title == "" || l.Description == "" {
			t.Errorf("language %+v", l)
		}
		for _, tm := range l.Templates {
			if tm.Description == "" {
				t.Errorf("template %s has no description", tm.Name)
			}
			offered = append(offered, string(l.Name)+"/"+tm.Name)
		}
	}
	folders, err := fs.Glob(templates.FS, "*/*")
	if err != nil {
		t.Fatal(err)
	}
	folders = slices.DeleteFunc(folders, func(f string) bool { return strings.HasPrefix(f, "any/") || strings.HasSuffix(f, "/any") })
	slices.Sort(offered)
	if !slices.Equal(folders, offered) {
		t.Errorf("embedded are %q, offered %q", folders, offered)
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	cases := []struct{ language, template, message, next string }{
		{"rust", "http-headers", `unknown language "rust" (offered: go)`, "--list"},
		{"og", "http-headers", `unknown language "og" (offered: go)`, `did you mean "go"?`},
		{"Go", "http-headers", `unknown language "Go" (offered: go)`, `did you mean "go"?`},
		{"", "", `unknown language "" (offered: go)`, "--list"},
		{"any", "any", `unknown language "any" (offered: go)`, "--list"},
		{"go", "any", `unknown template "any" (offered: http-headers, path-rewrite)`, "--list"},
		{"go", "../path", `unknown template "../path" (offered: http-headers, path-rewrite)`, "--list"},
		{"go", "http-header", `unknown template "http-header" (offered: http-headers, path-rewrite)`, `did you mean "http-headers"?`},
	}
	for _, c := range cases {
		_, err := scaffold.Render(scaffold.Parameters{Language: c.language, Template: c.template, Name: "x"})
		if unknown := (*scaffold.UnknownError)(nil); !errors.As(err, &unknown) || err.Error() != c.message {
			t.Errorf("error %v, want %s", err, c.message)
		}
		if next := strings.Join(hint.Of(err), ""); !strings.Contains(next, c.next) {
			t.Errorf("%s: next step %q, want %q", c.message, next, c.next)
		}
	}
	if _, err := scaffold.Templates("rust"); err == nil {
		t.Error("templates of a language that is not offered")
	}
	if list, err := scaffold.Templates("go"); err != nil || len(list) != 2 {
		t.Errorf("templates of go: %v, %v", list, err)
	}
}
