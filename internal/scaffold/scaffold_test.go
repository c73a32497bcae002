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
	for _, l := range languages(t) {
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
	folders = slices.DeleteFunc(folders, func(f string) bool {
		return strings.HasPrefix(f, "any/") || strings.HasSuffix(f, "/any") || strings.HasSuffix(f, "/ide")
	})
	slices.Sort(offered)
	if !slices.Equal(folders, offered) {
		t.Errorf("embedded are %q, offered %q", folders, offered)
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	const list, templates = "go, rust, cpp, assemblyscript", "http-headers, path-rewrite, empty"
	cases := []struct{ language, template, message, next string }{
		{"cobol", "http-headers", `unknown language "cobol" (offered: ` + list + `)`, "--list"},
		{"og", "http-headers", `unknown language "og" (offered: ` + list + `)`, `did you mean "go"?`},
		{"rusty", "http-headers", `unknown language "rusty" (offered: ` + list + `)`, `did you mean "rust"?`},
		{"c+", "http-headers", `unknown language "c+" (offered: ` + list + `)`, `did you mean "c++"?`},
		{"", "", `unknown language "" (offered: ` + list + `)`, "--list"},
		{"any", "any", `unknown language "any" (offered: ` + list + `)`, "--list"},
		{"go", "any", `unknown template "any" (offered: ` + templates + `)`, "--list"},
		{"go", "ide", `unknown template "ide" (offered: ` + templates + `)`, "--list"},
		{"go", "http-header", `unknown template "http-header" (offered: ` + templates + `)`, `did you mean "http-headers"?`},
	}
	for _, c := range cases {
		_, err := scaffold.Open(t.Context(), c.language, c.template)
		if unknown := (*scaffold.UnknownError)(nil); !errors.As(err, &unknown) || err.Error() != c.message {
			t.Errorf("error %v, want %s", err, c.message)
		}
		if next := strings.Join(hint.Of(err), ""); !strings.Contains(next, c.next) {
			t.Errorf("%s: next step %q, want %q", c.message, next, c.next)
		}
	}
}

func TestLanguagesHaveOtherNames(t *testing.T) {
	t.Parallel()
	for alias, want := range map[string]project.Language{
		"go": project.Go, "Go": project.Go, "golang": project.Go, "rs": project.Rust, "c++": project.Cpp, "cc": project.Cpp,
		"C++": project.Cpp, "as": project.AssemblyScript, "ts": project.AssemblyScript,
	} {
		l, err := scaffold.FindLanguage(alias)
		if err != nil || l.Name != want {
			t.Errorf("%s: %q, %v", alias, l.Name, err)
		}
	}
}
