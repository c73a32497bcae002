package build

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

func TestReadCargoProject(t *testing.T) {
	t.Parallel()
	const plain = "[package]\nname = \"p\"\n"
	cases := []struct {
		name  string
		files map[string]string
		// want is workspace, version, library, and the dependencies.
		want []string
	}{
		{"no manifest", nil, []string{"w/app", "", ""}},
		{"no TOML", map[string]string{"w/app/Cargo.toml": "[package"}, []string{"w/app", "", ""}},
		{"plain", map[string]string{"w/app/Cargo.toml": "[package]\nname = \"my-filter\"\nrust-version = \"1.85\"\n"}, []string{"w/app", "1.85", "my_filter"}},
		{"named library", map[string]string{"w/app/Cargo.toml": plain + "[lib]\nname = \"other\"\n"}, []string{"w/app", "", "other"}},
		{
			"lock file",
			map[string]string{"w/app/Cargo.toml": plain, "w/app/Cargo.lock": "version = 4\n"},
			[]string{"w/app", "1.78", "p"},
		},
		{
			"paths of all kinds",
			map[string]string{
				"w/app/Cargo.toml": plain + "[dependencies]\na = { path = \"../a\" }\nx = \"1\"\nin = { path = \"in\" }\n[build-dependencies]\nb = { path = \"../b\" }\n" +
					"[dev-dependencies]\nc = { path = \"../c\" }\n[target.'cfg(unix)'.dependencies]\nd = { path = \"../d\" }\n[patch.crates-io]\ne = { path = \"../e\" }\n",
				"w/a/Cargo.toml": plain + "[dependencies]\nf = { path = \"../f\" }\nback = { path = \"../app\" }\n",
				"w/f/Cargo.toml": plain + "[dependencies]\na = { path = \"../a\" }\n",
			},
			[]string{"w/app", "", "p", "w/a", "w/b", "w/c", "w/d", "w/e", "w/f"},
		},
		{
			"workspace",
			map[string]string{
				"w/Cargo.toml": "[workspace]\nmembers = [\"app\"]\n[workspace.package]\nrust-version = \"1.80\"\n" +
					"[workspace.dependencies]\na = { path = \"a\" }\nunused = { path = \"unused\" }\n",
				"w/app/Cargo.toml": plain + "rust-version.workspace = true\n[dependencies]\na.workspace = true\n",
			},
			[]string{"w", "1.80", "p", "w/a"},
		},
		{
			"excluded from the workspace",
			map[string]string{"w/Cargo.toml": "[workspace]\nexclude = [\"app\"]\n", "w/app/Cargo.toml": plain},
			[]string{"w/app", "", "p"},
		},
		{
			"own workspace",
			map[string]string{"w/Cargo.toml": "[workspace]\n", "w/app/Cargo.toml": plain + "[workspace]\n"},
			[]string{"w/app", "", "p"},
		},
		{
			"named workspace",
			map[string]string{"v/Cargo.toml": "[workspace]\n", "w/app/Cargo.toml": plain + "workspace = \"../../v\"\n"},
			[]string{"v", "", "p"},
		},
		{
			"strange types",
			map[string]string{"w/app/Cargo.toml": plain + "rust-version = 1\n[dependencies]\na = 5\nb = { path = 5 }\nc = { workspace = true }\n"},
			[]string{"w/app", "", "p"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			testkit.WriteFiles(t, root, c.files)
			p := readCargoProject(filepath.Join(root, "w", "app"))
			slices.Sort(p.dependencies)
			got := []string{p.workspace, p.rustVersion, p.library}
			for i, s := range append(got, p.dependencies...) {
				s = strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(s, root)), "/")
				if i >= len(c.want) || c.want[i] != s {
					t.Errorf("%d: got %q, want %q", i, s, c.want)
				}
			}
			if n := 3 + len(p.dependencies); n != len(c.want) {
				t.Errorf("%d dependencies, want %q", n-3, c.want[3:])
			}
		})
	}
}

func TestNewerRust(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1.85", "1.85.0", false},
		{"1.85.1", "1.85", true},
		{"1.100", "1.85", true},
		{"1.9", "1.85", false},
		{"1.85", "1.85.0-nightly", false},
		{"", "1.0", false},
		{"1.71", "", true},
		{"nonsense", "1.0", false},
	} {
		if got := newerRust(c.a, c.b); got != c.want {
			t.Errorf("%q after %q: %t", c.a, c.b, got)
		}
	}
}

// artifact is a message of cargo as it is.
func artifact(manifest, crateType string, files ...string) string {
	return fmt.Sprintf(`{"reason":"compiler-artifact","package_id":"path+file:///p#0.1.0","manifest_path":%q,"target":{"kind":[%q],"crate_types":[%q],`+
		`"name":"p","src_path":"/p/src/lib.rs","edition":"2021","doc":true,"doctest":false,"test":true},"profile":{"opt_level":"z"},"features":[],`+
		`"filenames":[%s],"executable":null,"fresh":false}`, manifest, crateType, crateType, `"`+strings.Join(files, `","`)+`"`)
}

func TestCargoArtifacts(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	testkit.WriteFiles(t, root, map[string]string{"a/Cargo.toml": "", "b/Cargo.toml": ""})
	in := func(name string) string { return filepath.Join(root, name, "Cargo.toml") }
	library := artifact(in("a"), "lib", "/t/liba.rlib")
	a, b := artifact(in("a"), "cdylib", "/t/a.d", "/t/a.wasm"), artifact(in("b"), "cdylib", "/t/b.wasm")
	long := `{"reason":"compiler-artifact","more":"` + strings.Repeat("x", maxCargoLine) + `"}`
	end := `{"reason":"build-finished","success":true}`
	for name, c := range map[string]struct {
		lines []string
		dir   string
		want  string
		err   string
	}{
		"own":                        {lines: []string{library, b, a, end}, dir: "a", want: "/t/a.wasm"},
		"the only one":               {lines: []string{library, b, end}, dir: "a", want: "/t/b.wasm"},
		"none":                       {lines: []string{library, end}, dir: "a", err: "cdylib"},
		"nothing at all":             {dir: "a", err: "cdylib"},
		"several, none of them ours": {lines: []string{a, b}, dir: "c", err: "several modules: a, b"},
		"lines that are no use":      {lines: []string{"", "{", "[]", "warning", long, a}, dir: "a", want: "/t/a.wasm"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var read cargoArtifacts
			text := strings.Join(append(c.lines, ""), "\n")
			for len(text) > 0 { // in pieces, as a pipe gives them
				n := min(len(text), 1000)
				if _, err := read.Write([]byte(text[:n])); err != nil {
					t.Fatal(err)
				}
				text = text[n:]
			}
			got, err := read.choose(cargoProject{dir: filepath.Join(root, c.dir)})
			if got != c.want || c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || len(hint.Of(err)) == 0) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestTailWriter(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	w := tailWriter{to: &all}
	for i := range 5000 {
		fmt.Fprintf(&w, "line %d\n", i)
	}
	if got := w.String(); len(got) != maxTail || !strings.HasSuffix(got, "line 4999\n") || !strings.HasSuffix(all.String(), got) {
		t.Errorf("%d bytes, %.20q", len(got), got)
	}
}

func TestRustSDK(t *testing.T) {
	t.Parallel()
	const own = "[[package]]\nname = \"proxy-wasm\"\nversion = \"9.9.9\"\n"
	const crate = "[[package]]\nname = \"proxy-wasm\"\nversion = \"0.2.5\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
	for lock, want := range map[string]string{"": "", "nonsense": "", own: "", crate: "proxy-wasm 0.2.5", own + crate: "proxy-wasm 0.2.5"} {
		dir := t.TempDir()
		testkit.WriteFiles(t, dir, map[string]string{"Cargo.toml": "[package]\nname = \"p\"\n", "Cargo.lock": lock})
		if got := rustSDK(newJob(Options{Project: &project.Project{Dir: dir, Name: "p", Language: project.Rust}})); got != want {
			t.Errorf("%q: %q, want %q", lock, got, want)
		}
	}
}

func FuzzReadCargoProject(f *testing.F) {
	f.Add([]byte("[package]\nname = \"p\"\nrust-version.workspace = true\n[dependencies]\na = { path = \"../a\", workspace = true }\n[workspace.dependencies]\na = 1\n"))
	f.Add([]byte("[target.'cfg(unix)'.dependencies]\nx.path = \"/\"\n[patch.a]\nb.path = \".\"\n"))
	f.Fuzz(func(t *testing.T, manifest []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "Cargo.toml"), manifest, 0o600); err != nil {
			t.Fatal(err)
		}
		p := readCargoProject(dir)
		if roots := p.roots(); len(roots) == 0 || roots[0] != dir || len(roots) > maxDependencies+3 {
			t.Errorf("roots %q", roots)
		}
	})
}

func FuzzCargoArtifacts(f *testing.F) {
	f.Add([]byte(artifact("/p/Cargo.toml", "cdylib", "/t/p.wasm")+"\n{}\n"), 7)
	f.Add([]byte("\n\n{\"reason\":\"compiler-artifact\"}"), 1)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		var whole, parts cargoArtifacts
		_, _ = whole.Write(text)
		for rest := text; len(rest) > 0; {
			n := max(1, min(size, len(rest)))
			_, _ = parts.Write(rest[:n])
			rest = rest[n:]
		}
		if !slices.Equal(whole.modules, parts.modules) {
			t.Errorf("%q in one piece, %q in several", whole.modules, parts.modules)
		}
	})
}
