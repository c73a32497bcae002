package deploy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// detach deploys a detached Envoy, which the test has to undeploy.
func detach(t *testing.T, o EnvoyOptions) *Deployment {
	t.Helper()
	o.Detach = true
	d, err := Envoy(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = Undeploy(context.Background(), o.StateDir, d.Name) })
	return d
}

func TestDetachAndUndeploy(t *testing.T) {
	t.Parallel()
	for via, options := range ways() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			o := options(t, one(markModule(t, "x")))
			d := detach(t, o)
			if response, text := ask(t, d.ListenAddr, false, "body"); response.Header.Get("x-mark") != "x" || parseEcho(t, text).Body != "body" {
				t.Errorf("%v %s", response, text)
			}
			list, err := List(t.Context(), o.StateDir)
			if err != nil || len(list) != 1 || !list[0].Running || list[0].ListenAddr != d.ListenAddr {
				t.Errorf("%+v, %v", list, err)
			}
			_, err = Envoy(t.Context(), o)
			if !errors.Is(err, ErrExists) || !strings.Contains(strings.Join(hint.Of(err), ""), "undeploy") {
				t.Errorf("the same name again: %v", err)
			}
			gone, err := Undeploy(t.Context(), o.StateDir, d.Name)
			if err != nil || !gone.WasRunning {
				t.Errorf("%+v, %v", gone, err)
			}
			if _, err = Undeploy(t.Context(), o.StateDir, d.Name); !errors.Is(err, ErrNotFound) {
				t.Errorf("again: %v", err)
			}
		})
	}
}

func TestDetachedLogFile(t *testing.T) {
	t.Parallel()
	d := detach(t, binaryOptions(t, one(markModule(t, "x"))))
	ask(t, d.ListenAddr, false, "")
	eventually(t, "the filter's line in the log file", func() bool {
		text, err := os.ReadFile(d.LogFile)
		return err == nil && strings.Contains(string(text), " info wasm log my-filter: marked\\ntwice\n")
	})
}

func TestDetachedRefusesBadFilter(t *testing.T) {
	t.Parallel()
	for via, options := range ways() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			o := options(t, one(refusingModule(t)))
			o.Detach = true
			_, err := Envoy(t.Context(), o)
			var failed *StartError
			if !errors.As(err, &failed) || !strings.Contains(strings.Join(failed.Log, "\n"), "unhappy") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestUndeployDead(t *testing.T) {
	t.Parallel()
	o := binaryOptions(t, one(markModule(t, "x")))
	d := detach(t, o)
	envoy, err := os.FindProcess(d.PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := envoy.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is dead", func() bool {
		list, err := List(t.Context(), o.StateDir)
		return err == nil && len(list) == 1 && !list[0].Running
	})
	gone, err := Undeploy(t.Context(), o.StateDir, d.Name)
	if err != nil || gone.WasRunning {
		t.Errorf("%+v, %v", gone, err)
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	o := binaryOptions(t, one(markModule(t, "old")))
	first := detach(t, o)
	o.Replace, o.Chain = true, one(markModule(t, "new"))
	o.Chain.Listen = first.ListenAddr
	second := detach(t, o)
	if response, _ := ask(t, second.ListenAddr, false, ""); response.Header.Get("x-mark") != "new" || second.PID == first.PID {
		t.Errorf("%v", response.Header)
	}
}

func TestUndeployForeground(t *testing.T) {
	t.Parallel()
	o := binaryOptions(t, one(markModule(t, "x")))
	d := start(t, o)
	if _, err := Undeploy(t.Context(), o.StateDir, d.Name); !errors.Is(err, ErrForeground) {
		t.Errorf("%v", err)
	}
}

func TestUndeployRefusesPaths(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "..", "a/b", "-x", "A", strings.Repeat("a", 64)} {
		if _, err := Undeploy(t.Context(), t.TempDir(), name); err == nil || errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// A state file cannot make wasmctl remove another folder than its own.
func TestStateIsNotTrustedWithPaths(t *testing.T) {
	t.Parallel()
	stateDir, victim := t.TempDir(), t.TempDir()
	dir := filepath.Join(stateDir, "x")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text := `{"name":"y","runDir":"` + victim + `","detached":true,"up":true}`
	if err := os.WriteFile(filepath.Join(dir, stateFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Undeploy(t.Context(), stateDir, "x"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(victim); err != nil {
		t.Error(err)
	}
	noLeaks(t, stateDir)
}
