package project_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
)

const content = "name: x\nlanguage: go\nconfig: config.yaml\nschema: sub/schema.json\n"

// write puts a wasmctl.yaml into the folder and returns the folder.
func write(t *testing.T, dir, text string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, project.FileName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFindUpward(t *testing.T) {
	t.Parallel()
	root := write(t, t.TempDir(), content)
	below := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{root, filepath.Join(root, "a"), below} {
		p, err := project.Find(dir)
		if err != nil {
			t.Fatal(err)
		}
		if p.Dir != root || p.Name != "x" {
			t.Errorf("Find(%s) = %+v", dir, p)
		}
		if got, want := p.SchemaPath(), filepath.Join(root, "sub", "schema.json"); got != want {
			t.Errorf("schema %s, want %s", got, want)
		}
		if got, want := p.ConfigPath(), filepath.Join(root, "config.yaml"); got != want {
			t.Errorf("config %s, want %s", got, want)
		}
	}
}

func TestFindTakesTheNearest(t *testing.T) {
	t.Parallel()
	root := write(t, t.TempDir(), content)
	inner := write(t, filepath.Join(root, "inner"), "name: inner\nlanguage: go\n")
	p, err := project.Find(inner)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "inner" || p.ConfigPath() != "" || p.SchemaPath() != "" {
		t.Errorf("got %+v", p)
	}
}

func TestFindStopsAtABrokenFile(t *testing.T) {
	t.Parallel()
	root := write(t, t.TempDir(), content)
	inner := write(t, filepath.Join(root, "inner"), "nam: inner\n")
	_, err := project.Find(inner)
	if want := filepath.Join(inner, project.FileName) + `:1:1: unknown key "nam"`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, find := range map[string]func(string) (*project.Project, error){"Find": project.Find, "Load": project.Load} {
		_, err := find(dir)
		if !errors.Is(err, project.ErrNotFound) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: error %v", name, err)
		}
		if next := hint.Of(err); len(next) != 1 || !strings.Contains(next[0], "wasmctl init") {
			t.Errorf("%s: next step %q", name, next)
		}
	}
	write(t, dir, content)
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := project.Load(filepath.Join(dir, "sub")); !errors.Is(err, project.ErrNotFound) {
		t.Errorf("Load looked upward: %v", err)
	}
}

func TestFindInNoFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := project.Find(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent folder: %v", err)
	}
	write(t, dir, content)
	file := filepath.Join(dir, project.FileName)
	if _, err := project.Find(file); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Errorf("a file: %v", err)
	}
}

func TestLoadNamesTheFileAsTheUserDid(t *testing.T) {
	t.Parallel()
	dir := write(t, t.TempDir(), "name: 7\n")
	spelled := dir + string(filepath.Separator) + "."
	_, err := project.Load(spelled)
	if want := filepath.Join(dir, project.FileName) + ":1:7:"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %s...", err, want)
	}
}

func TestLoadNeedsARegularFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, project.FileName), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := project.Load(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
}

func TestLoadBoundsTheSize(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(write(t, dir, content), project.FileName)
	if err := os.Truncate(path, 1<<40); err != nil { // sparse
		t.Skip(err)
	}
	if _, err := project.Load(dir); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("error %v", err)
	}
}
