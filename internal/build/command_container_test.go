package build_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

// commandImage has a shell and tar, which is all that these commands need.
const commandImage = "debian:trixie-slim"

func TestCommandInContainer(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Docker)
	for name, copies := range map[string]bool{"mounted": false, "copied": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := commandProject(t, `
				echo "$WASMCTL_NAME in $(. /etc/os-release; echo $VERSION_CODENAME)" >&2
				touch written-beside-the-sources
				test "$(cat "$HOME/fetched")" = "it is there"
				mkdir -p out && cp module.wasm out/own.wasm`)
			p.Build.Output = "out/own.wasm"
			p.Build.Fetch = project.Command{Args: []string{"sh", "-c", `echo "it is there" >"$HOME/fetched"`}}
			p.Build.Image = commandImage
			state := t.TempDir()
			var messages bytes.Buffer
			o := build.Options{
				Project: p, Toolchain: build.ToolchainContainer, Stderr: &messages,
				Container: build.ContainerOptions{State: state, Copy: copies},
			}
			r, err := build.Build(t.Context(), o)
			if err != nil {
				t.Fatalf("%v\n%s", err, &messages)
			}
			if !strings.Contains(messages.String(), "own in trixie\n") {
				t.Errorf("messages %q", &messages)
			}
			if r.Record.Where != "container" || r.Record.Image != commandImage || !r.Record.Command {
				t.Errorf("record %+v", r.Record)
			}
			if _, err := os.Stat(filepath.Join(p.Dir, "written-beside-the-sources")); err == nil {
				t.Error("the command wrote into the project")
			}
			if again := mustBuild(t, o); !again.UpToDate {
				t.Error("nothing changed, yet it was built again")
			}
			p.Build.Command.Shell = "echo src.x:1: wrong; exit 5"
			messages.Reset()
			o.Stderr = &messages
			if _, err = build.Build(t.Context(), o); err == nil || !strings.Contains(messages.String(), "src.x:1: wrong\n") {
				t.Errorf("error %v, messages %q", err, &messages)
			}
		})
	}
}

func TestCommandInContainerWithoutImage(t *testing.T) {
	t.Parallel()
	p := commandProject(t, copyModule)
	_, err := build.Build(t.Context(), build.Options{Project: p, Toolchain: build.ToolchainContainer})
	if err == nil || !strings.Contains(strings.Join(hint.Of(err), ""), "build.image") {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
	// Without an image the missing program is what counts.
	p.Build.Command.Shell = "no-such-compiler x"
	_, err = build.Build(t.Context(), build.Options{Project: p})
	if err == nil || !strings.Contains(err.Error(), "no-such-compiler is needed") {
		t.Errorf("error %v", err)
	}
}
