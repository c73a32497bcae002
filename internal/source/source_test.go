package source_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/source"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// shelf is a store and the registries behind it, in memory.
type shelf struct {
	stored, remote map[string]*wasm.Module
	err            error
}

func (s *shelf) Stored(_ context.Context, ref string) (*source.Image, error) {
	if s.err != nil {
		return nil, s.err
	}
	return look(s.stored, ref, source.ErrNotStored)
}

var errUnknown = errors.New("the registry does not know it")

func (s *shelf) Pull(_ context.Context, ref string) (*source.Image, error) {
	image, err := look(s.remote, ref, errUnknown)
	if err == nil {
		s.stored[ref] = image.Module
	}
	return image, err
}

func look(modules map[string]*wasm.Module, ref string, missing error) (*source.Image, error) {
	if m := modules[ref]; m != nil {
		return &source.Image{Module: m, Ref: ref, Digest: "sha256:manifest-of-" + ref}, nil
	}
	return nil, missing
}

// module returns a filter that is told apart by its label.
func module(t *testing.T, label string) *wasm.Module {
	t.Helper()
	m := testkit.Filter()
	m.Custom("label", []byte(label))
	decoded, err := wasm.Decode(m.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func label(m *wasm.Module) string {
	if s := m.CustomSections("label"); len(s) == 1 {
		return string(s[0].Content)
	}
	return ""
}

// workshop makes a folder with one source of each kind and a resolver for it.
func workshop(t *testing.T) *source.Resolver {
	t.Helper()
	dir := t.TempDir()
	testkit.WriteFiles(t, dir, map[string]string{
		"app/wasmctl.yaml":    "name: app\nlanguage: go\n",
		"app/sub/x.txt":       "",
		"file.wasm":           string(module(t, "file").Bytes()),
		"odd:v1":              string(module(t, "file named like a tag").Bytes()),
		"plain":               string(module(t, "file without extension").Bytes()),
		"modules/inside.wasm": string(module(t, "inside").Bytes()),
		"auth/README":         "no project",
		"bad/wasmctl.yaml":    "name: bad\nlanguage: go\nnonsense: 1\n",
		"empty.wasm":          "",
		"cut.wasm":            string(module(t, "").Bytes()[:40]),
		"text.wasm":           "(module)",
		"packed.wasm":         "\x1f\x8b\x08",
	})
	return &source.Resolver{
		Dir: dir,
		Build: func(_ context.Context, p *project.Project) (*wasm.Module, error) {
			return module(t, "built "+p.Name), nil
		},
		Images: &shelf{
			stored: map[string]*wasm.Module{
				"auth":                       module(t, "stored auth"),
				"auth:latest":                module(t, "stored auth"),
				"odd:v1":                     module(t, "stored odd"),
				"localhost:5000/team/own:v1": module(t, "stored own"),
			},
			remote: map[string]*wasm.Module{
				"localhost:5000/team/far:v2": module(t, "remote far"),
				"localhost:5000/team/own:v1": module(t, "remote own"),
				"ghcr.io/me/filter":          module(t, "remote filter"),
			},
		},
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	cases := []struct {
		in, label string
		kind      source.Kind
		name      string
	}{
		{"app", "built app", source.KindProject, "app"},
		{"./app", "built app", source.KindProject, "app"},
		{"app/", "built app", source.KindProject, "app"},
		{"file.wasm", "file", source.KindFile, "file"},
		{"./file.wasm", "file", source.KindFile, "file"},
		{"plain", "file without extension", source.KindFile, "plain"},
		{"odd:v1", "file named like a tag", source.KindFile, "odd:v1"},
		{"oci://odd:v1", "stored odd", source.KindStore, "odd"},
		{"auth:latest", "stored auth", source.KindStore, "auth"},
		{"oci://auth", "stored auth", source.KindStore, "auth"},
		{"localhost:5000/team/own:v1", "stored own", source.KindStore, "own"},
		{"localhost:5000/team/far:v2", "remote far", source.KindRegistry, "far"},
		{"oci://ghcr.io/me/filter", "remote filter", source.KindRegistry, "filter"},
	}
	for _, c := range cases {
		t.Run(c.in, func(t *testing.T) {
			t.Parallel()
			got, err := workshop(t).Resolve(t.Context(), c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.Kind != c.kind || got.Name != c.name || label(got.Module) != c.label {
				t.Errorf("kind %s, name %q, label %q; want %s, %q, %q", got.Kind, got.Name, label(got.Module), c.kind, c.name, c.label)
			}
			if (got.Project != nil) != (c.kind == source.KindProject) || got.Ref == "" || !strings.HasPrefix(got.Digest, "sha256:") {
				t.Errorf("source %+v", got)
			}
		})
	}
}

func TestResolveIsKept(t *testing.T) {
	t.Parallel()
	r := workshop(t)
	for _, want := range []source.Kind{source.KindRegistry, source.KindStore} {
		if got, err := r.Resolve(t.Context(), "localhost:5000/team/far:v2"); err != nil || got.Kind != want {
			t.Errorf("source %+v, error %v; want kind %s", got, err, want)
		}
	}
}

func TestResolveDotLooksUpwards(t *testing.T) {
	t.Parallel()
	r := workshop(t)
	root := r.Dir
	r.Dir = filepath.Join(root, "app", "sub")
	got, err := r.Resolve(t.Context(), ".")
	if err != nil || got.Name != "app" || got.Ref != filepath.Join(root, "app") {
		t.Errorf("source %+v, error %v", got, err)
	}
	r.Dir = root
	_, err = r.Resolve(t.Context(), "app/sub")
	if !errors.Is(err, project.ErrNotFound) || !strings.Contains(strings.Join(hint.Of(err), ""), filepath.Join(root, "app")) {
		t.Errorf("error %v, hints %q; want the project around", err, hint.Of(err))
	}
}

func TestResolveErrors(t *testing.T) {
	t.Parallel()
	cases := []struct {
		in         string
		is         error
		text, next string
	}{
		{"", nil, "empty", "name a project folder"},
		{"none.wasm", source.ErrNotFound, "no filter none.wasm: no file or folder ", "check the path"},
		{"./none", source.ErrNotFound, "none", "check the path"},
		{"none", source.ErrNotFound, "no none:latest in the local store", "ghcr.io/ME/none:latest"},
		{"none:v1", source.ErrNotFound, "no none:v1 in the local store", "wasmctl list"},
		{"Not A Reference", source.ErrNotFound, "not a reference", "name a project folder"},
		{"oci://Not/Valid", nil, "upper-case", "REGISTRY/REPOSITORY:TAG"},
		{"oci://none:v1", source.ErrNotFound, "no none:v1 in the local store", "wasmctl list"},
		{"localhost:5000/none:v1", errUnknown, "cannot be pulled", ""},
		{"auth", project.ErrNotFound, "is no project", "oci://auth"},
		{"modules", project.ErrNotFound, "is no project", "inside.wasm"},
		{"bad", nil, "wasmctl.yaml:3:1", ""},
		{"empty.wasm", wasm.ErrEmpty, "empty.wasm: the file is empty", "again"},
		{"cut.wasm", wasm.ErrTruncated, "cut.wasm: ", "again"},
		{"text.wasm", wasm.ErrNotWasm, "text format", "wat2wasm"},
		{"packed.wasm", wasm.ErrNotWasm, "gzip", "unpack"},
		{"file:///x.wasm", nil, "file:// is not supported", "path"},
		{"ftp://host/x.wasm", nil, `unknown scheme "ftp"`, "https://"},
		{"https://host/x.wasm", nil, "the digest is missing", "#sha256="},
		{"https://host/x.wasm#sha256=12", nil, `"12" is not a SHA-256`, "sha256sum"},
		{"https:///x.wasm#sha256=" + strings.Repeat("0", 64), nil, "names no host", "https://HOST"},
		{"https://u:secret@host:port/", nil, "invalid port", "https://HOST"},
	}
	for _, c := range cases {
		t.Run(c.in, func(t *testing.T) {
			t.Parallel()
			_, err := workshop(t).Resolve(t.Context(), c.in)
			if err == nil || !strings.Contains(err.Error(), c.text) || (c.is != nil && !errors.Is(err, c.is)) {
				t.Fatalf("error %v, want %q and %v", err, c.text, c.is)
			}
			if !strings.Contains(strings.Join(hint.Of(err), "\n"), c.next) {
				t.Errorf("hints %q of %q do not say %q", hint.Of(err), err, c.next)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("error %q shows the password", err)
			}
		})
	}
}

func TestResolvePassesErrorsOn(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	r := workshop(t)
	r.Images = &shelf{err: broken}
	r.Build = func(context.Context, *project.Project) (*wasm.Module, error) { return nil, broken }
	for _, in := range []string{"app", "auth:latest", "localhost:5000/team/far:v2"} {
		if _, err := r.Resolve(t.Context(), in); !errors.Is(err, broken) {
			t.Errorf("%s: error %v, want %v", in, err, broken)
		}
	}
	r.Images, r.Build = nil, nil
	for _, in := range []string{"app", "auth:latest"} {
		if _, err := r.Resolve(t.Context(), in); err == nil || len(hint.Of(err)) == 0 {
			t.Errorf("%s: error %v, want one with a next step", in, err)
		}
	}
}

func TestResolveTooLarge(t *testing.T) {
	t.Parallel()
	r := workshop(t)
	path := filepath.Join(r.Dir, "large.wasm")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 256<<20+1); err != nil { // takes no space
		t.Fatal(err)
	}
	if _, err := r.Resolve(t.Context(), path); !errors.Is(err, source.ErrTooLarge) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want %v", err, source.ErrTooLarge)
	}
}
