package cli_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/cli"
)

var update = flag.Bool("update", false, "write the goldens anew")

const reference = "../../docs/reference.md"

// TestReference fails when docs/reference.md is not what the commands say.
func TestReference(t *testing.T) {
	t.Parallel()
	var made bytes.Buffer
	if err := cli.WriteReference(&made); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(reference, made.Bytes(), 0o644); err != nil { //nolint:gosec // a document for everybody
			t.Fatal(err)
		}
		return
	}
	there, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(there), made.String()); diff != "" {
		t.Errorf("docs/reference.md is stale, run 'make docs' (-there +made):\n%s", diff)
	}
}

// TestReferenceFits holds every line of the help to 80 columns. The words of the completion commands are cobra's.
func TestReferenceFits(t *testing.T) {
	t.Parallel()
	var made bytes.Buffer
	if err := cli.WriteReference(&made); err != nil {
		t.Fatal(err)
	}
	command := ""
	for line := range strings.Lines(made.String()) {
		line = strings.TrimSuffix(line, "\n")
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			command = heading
		}
		if strings.HasPrefix(command, "wasmctl completion") {
			continue
		}
		if len(line) > 80 && !strings.HasPrefix(line, "Usage:") {
			t.Errorf("%s: %d columns: %s", command, len(line), line)
		}
	}
}
