package scaffold_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/scaffold"
)

// editorFiles are what every language has, besides files of its own.
func editorFiles() []string {
	return []string{
		".devcontainer/Dockerfile", ".devcontainer/devcontainer.json",
		".vscode/extensions.json", ".vscode/settings.json", ".vscode/tasks.json",
	}
}

func TestEditorFiles(t *testing.T) {
	t.Parallel()
	for _, l := range languages(t) {
		t.Run(string(l.Name), func(t *testing.T) {
			t.Parallel()
			opened, err := scaffold.OpenEditorFiles(l.Name)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := opened.Render(t.Context(), "my-filter", nil)
			if err != nil {
				t.Fatal(err)
			}
			files := contents(plan)
			for _, name := range editorFiles() {
				if files[name] == "" {
					t.Errorf("%s is missing", name)
				}
			}
			for name, content := range files {
				if strings.Contains(content, "<%") || !strings.HasSuffix(content, "\n") || strings.Contains(content, " \n") {
					t.Errorf("%s is not clean:\n%s", name, content)
				}
				if strings.HasSuffix(name, ".json") && !json.Valid([]byte(content)) {
					t.Errorf("%s is no JSON:\n%s", name, content)
				}
			}
			if config, ok := files[".clangd"]; ok {
				if err := yaml.NewDecoder(bytes.NewReader([]byte(config))).Decode(new(any)); err != nil {
					t.Errorf(".clangd: %v", err)
				}
			}
		})
	}
	if _, err := scaffold.OpenEditorFiles("cobol"); err == nil {
		t.Error("editor files for a language that is not known")
	}
}

// A new project with the files of editors has exactly those more, and a template
// of the user's own gets them too.
func TestNewProjectWithEditorFiles(t *testing.T) {
	t.Parallel()
	own := folder(t, with(map[string]string{"dot_vscode/settings.json": "mine"}))
	for _, reference := range []string{"http-headers", own} {
		opened, err := scaffold.Open(t.Context(), "go", reference)
		if err != nil {
			t.Fatal(err)
		}
		without, err := opened.Render(t.Context(), "x", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := opened.AddEditorFiles(); err != nil {
			t.Fatal(err)
		}
		plan, err := opened.Render(t.Context(), "x", nil)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Concat(slices.Collect(maps.Keys(contents(without))), editorFiles())
		slices.Sort(want)
		want = slices.Compact(want)
		if got := slices.Sorted(maps.Keys(contents(plan))); !slices.Equal(got, want) {
			t.Errorf("files %q, want %q", got, want)
		}
		if settings := contents(plan)[".vscode/settings.json"]; reference == own && settings != "mine" {
			t.Errorf("the template's own settings are gone: %q", settings)
		}
	}
}

func TestMissingFilesAreAdded(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{".vscode/settings.json": "mine", ".devcontainer": "a file of that name"})
	if err := os.Symlink("nowhere", filepath.Join(dir, "compile_flags.txt")); err != nil {
		t.Skip(err)
	}
	opened, err := scaffold.OpenEditorFiles(project.Cpp)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := opened.Render(t.Context(), "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	missing, kept, err := plan.Missing(dir)
	if err == nil {
		t.Fatalf("a file in the place of a folder: %v, %q", missing, kept)
	}
	if err := os.Remove(filepath.Join(dir, ".devcontainer")); err != nil {
		t.Fatal(err)
	}
	if missing, kept, err = plan.Missing(dir); err != nil {
		t.Fatal(err)
	}
	if want := []string{".vscode/settings.json", "compile_flags.txt"}; !slices.Equal(kept, want) || len(missing.Files)+len(kept) != len(plan.Files) {
		t.Errorf("kept %q, want %q", kept, want)
	}
	if err := missing.Write(t.Context(), dir, scaffold.WriteOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, ".vscode", "settings.json")); string(text) != "mine" {
		t.Errorf("settings.json is %q, %v", text, err)
	}
	if missing, _, err = plan.Missing(dir); err != nil || len(missing.Files) > 0 {
		t.Errorf("%v, %v", missing, err)
	}
}
