package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/atomicfile"
	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/hint"
)

// probe is what an image told of itself.
type probe struct {
	// Output is what the recipe's probe printed.
	Output string `json:"output"`
	// Optimizer is the wasm-opt of the image, "wasm-opt 120"; "" when it has none.
	Optimizer string `json:"optimizer,omitempty"`
}

// probeScript runs the probe, and asks for wasm-opt besides.
const probeScript = `"$@" || exit
if command -v wasm-opt >/dev/null; then wasm-opt --version >&2; fi
exit 0`

// maxProbe bounds what is kept of an image's answer, in bytes.
const maxProbe = 16 << 10

// probeImage asks the image for the versions of its tools. The answer is kept,
// as an image never changes: it costs a container only once.
func (b *builder) probeImage(ctx context.Context, id string) (probe, error) {
	dir, err := b.stateDir()
	if err != nil {
		return probe{}, err
	}
	digest := sha256.Sum256([]byte(id + "\x00" + strings.Join(b.recipe.probe, "\x00")))
	path := filepath.Join(dir, hex.EncodeToString(digest[:])+".json")
	if p, ok := readProbe(path); ok {
		return p, nil
	}
	p, err := b.askImage(ctx)
	if err != nil {
		return probe{}, err
	}
	if kept, err := json.Marshal(p); err == nil {
		_ = atomicfile.Write(path, kept, 0o600) // the next build asks again
	}
	return p, nil
}

func readProbe(path string) (probe, bool) {
	b, err := os.ReadFile(path)
	if err != nil || len(b) > 8*maxProbe {
		return probe{}, false
	}
	var p probe
	return p, json.Unmarshal(b, &p) == nil
}

// askImage runs the probe in a container.
func (b *builder) askImage(ctx context.Context) (probe, error) {
	s := b.spec()
	s.NoNetwork, s.Env = true, []string{"HOME=" + tempPath, "LC_ALL=C"}
	s.Command = append([]string{"/bin/sh", "-c", probeScript, "wasmctl"}, b.recipe.probe...)
	stdout, stderr := &headWriter{left: maxProbe}, &headWriter{left: maxProbe}
	err := b.client.Run(ctx, s, container.IO{Stdout: stdout, Stderr: stderr})
	var exit *container.ExitError
	switch {
	case err == nil:
		return probe{Output: stdout.text.String(), Optimizer: optimizerName(stderr.text.String())}, nil
	case ctx.Err() != nil:
		return probe{}, err
	case errors.As(err, &exit):
		b.showOutput(strings.Split(strings.TrimSpace(stderr.text.String()), "\n"))
		return probe{}, hint.Errorf("use an image that has it, or leave --builder-image out for the built-in one",
			"%w: '%s' fails in the builder image %s: %w", ErrToolMissing, strings.Join(b.recipe.probe, " "), b.image(), err)
	}
	return probe{}, containerError(ctx, err)
}

// optimizerName finds the answer of wasm-opt: "wasm-opt version 120 (...)".
func optimizerName(text string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, wasmOpt+" version "); ok && strings.TrimSpace(rest) != "" {
			return fmt.Sprintf("%s %s", wasmOpt, strings.Fields(rest)[0])
		}
	}
	return ""
}
