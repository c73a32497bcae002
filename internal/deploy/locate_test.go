package deploy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/hint"
)

func fixedTime() time.Time { return time.Unix(1e9, 0) }

// noDocker makes the Docker client find no daemon. These tests cannot be
// parallel: the environment belongs to the process.
func noDocker(t *testing.T) {
	t.Helper()
	t.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
}

func TestLocateWithoutDocker(t *testing.T) {
	noDocker(t)
	o := EnvoyOptions{Chain: one(markModule(t, "x")), Via: ViaDocker, StateDir: t.TempDir()}
	_, err := Envoy(t.Context(), o)
	if !errors.Is(err, container.ErrUnavailable) || !strings.Contains(err.Error(), "tcp://127.0.0.1:1") {
		t.Errorf("%v", err)
	}
	if next := strings.Join(hint.Of(err), "\n"); !strings.Contains(next, "start Docker") || !strings.Contains(next, "wasmctl run") {
		t.Errorf("hints %q", next)
	}
	onlyIn(t, o.StateDir)
}

func TestLocateOrder(t *testing.T) {
	noDocker(t)
	folder := t.TempDir()
	named, onPath := filepath.Join(folder, "named"), filepath.Join(folder, "bin", "envoy")
	if err := os.Mkdir(filepath.Dir(onPath), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{named, onPath} {
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cases := []struct {
		name, envoyPath, variable, path string
		want                            launcher
		wantErr                         string
	}{
		{"flag", named, "/nowhere", onPath, binary{ViaBinary, named}, ""},
		{"variable", "", named, onPath, binary{ViaBinary, named}, ""},
		{"path", "", "", onPath, binary{ViaBinary, onPath}, ""},
		{"flag names nothing", "/nowhere", "", onPath, nil, "--envoy-path: program not found: /nowhere"},
		{"variable names nothing", "", "/nowhere", onPath, nil, "ENVOY_PATH: program not found: /nowhere"},
		{"nothing", "", "", folder, download{EnvoyOptions{Via: ViaAuto}}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("ENVOY_PATH", c.variable)
			t.Setenv("PATH", filepath.Dir(c.path))
			got, err := locate(t.Context(), EnvoyOptions{Via: ViaAuto, EnvoyPath: c.envoyPath})
			if d, ok := got.(download); ok {
				got = download{EnvoyOptions{Via: d.o.Via}}
			}
			if c.wantErr != "" {
				if err == nil || err.Error() != c.wantErr || len(hint.Of(err)) == 0 {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || !same(got, c.want) {
				t.Errorf("%#v, %v", got, err)
			}
		})
	}
}

func same(a, b launcher) bool {
	if x, ok := a.(binary); ok {
		return x == b
	}
	_, downloadA := a.(download)
	_, downloadB := b.(download)
	return downloadA && downloadB
}

func TestLocateBinaryOnly(t *testing.T) {
	t.Setenv("ENVOY_PATH", "")
	t.Setenv("PATH", t.TempDir())
	_, err := locate(t.Context(), EnvoyOptions{Via: ViaBinary})
	if !errors.Is(err, ErrNoEnvoy) || !strings.Contains(strings.Join(hint.Of(err), "\n"), "wasmctl run") {
		t.Errorf("%v, %q", err, hint.Of(err))
	}
}
