package proxywasm

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// compileIn compiles the scripted module with a cache folder, runs it and tells
// whether the code came from there.
func compileIn(t *testing.T, dir string) (cached bool) {
	t.Helper()
	m, err := script()
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEngine(EngineOptions{CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	defer e.Close(ctx)
	p, err := e.Compile(ctx, m)
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := p.NewPlugin(ctx, PluginConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if err := plugin.Close(ctx); err != nil {
		t.Fatal(err)
	}
	return p.Cached()
}

func TestCache(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	for i, want := range []bool{false, true, true} {
		if got := compileIn(t, dir); got != want {
			t.Errorf("run %d: cached %v", i, got)
		}
	}
}

func TestDamagedCache(t *testing.T) {
	t.Parallel()
	change := func(f func(b []byte) []byte) func(t *testing.T, file string) {
		return func(t *testing.T, file string) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, f(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := map[string]func(t *testing.T, file string){
		"cut":           change(func(b []byte) []byte { return b[:len(b)/2] }),
		"empty":         change(func([]byte) []byte { return nil }),
		"longer":        change(func(b []byte) []byte { return append(b, 0) }),
		"table changed": change(func(b []byte) []byte { b[40] ^= 0x10; return b }),
		"code changed":  change(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }),
		"sum missing":   func(t *testing.T, file string) { _ = os.Remove(file + sumSuffix) },
		"sum cut":       func(t *testing.T, file string) { _ = os.Truncate(file+sumSuffix, 3) },
		// wazero refuses this file though the checksum beside it is right.
		"wrong from the start": func(t *testing.T, file string) {
			change(func([]byte) []byte { return []byte("nonsense") })(t, file)
			writeSum(file)
		},
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			compileIn(t, dir)
			files, _ := filepath.Glob(filepath.Join(dir, "*", "wazero-*", "*"))
			for _, file := range files {
				if !strings.HasSuffix(file, sumSuffix) {
					damage(t, file)
				}
			}
			if compileIn(t, dir) {
				t.Error("the damaged entry was used")
			}
			if again := compileIn(t, dir); !again && name != "wrong from the start" {
				t.Error("the entry was not made again")
			}
		})
	}
}

func TestUnusableCache(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if compileIn(t, file) {
			t.Error("a file was used as a folder")
		}
	}
}

func TestCacheIsPruned(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range maxCacheEntries + 3 {
		old := filepath.Join(dir, strings.Repeat("0", 62)+string(rune('a'+i/10))+string(rune('a'+i%10)))
		if err := os.MkdirAll(old, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "README"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	compileIn(t, dir)
	if !compileIn(t, dir) {
		t.Error("the newest entry is gone")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > maxCacheEntries+1 {
		t.Errorf("%d entries are left, %v", len(entries), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "README")); err != nil {
		t.Error("a foreign file was removed")
	}
}

func TestCompileOnce(t *testing.T) {
	t.Parallel()
	first, second := compile(t, script), compile(t, script)
	if first != second {
		t.Error("the same module was compiled twice")
	}
}
