package deploy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/wasmctl/wasmctl/internal/atomicfile"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// The names in the folder of a deployment.
const (
	stateFile     = "deployment.json"
	bootstrapFile = "bootstrap.yaml"
	logFile       = "envoy.log"
	adminFile     = "admin-address"
)

// maxStateSize is the largest state file that is read, in bytes.
const maxStateSize = 1 << 20

// state is what is written down of a deployment, so that a later wasmctl can
// end it and clean up after one that was killed.
type state struct {
	Deployment
	// Owner is the wasmctl that started it. A deployment that is not detached,
	// or not yet up, ends with its owner.
	Owner tool.Identity `json:"owner"`
	// Process is the Envoy, unless it runs in the container of that name.
	Process   tool.Identity `json:"process,omitzero"`
	Container string        `json:"container,omitempty"`
	// Up says that it was proven.
	Up bool `json:"up"`
}

// claim makes the folder of a new deployment with its first state in it. The
// rename is atomic and fails when the folder exists: of two at once one wins.
func claim(stateDir string, first state) error {
	if err := os.MkdirAll(stateDir, 0o755); err != nil {
		return fmt.Errorf("folder of deployments: %w", err)
	}
	temp, err := os.MkdirTemp(stateDir, ".new-")
	if err != nil {
		return fmt.Errorf("folder of deployments: %w", err)
	}
	defer os.RemoveAll(temp) // it is gone after the rename
	if err := writeState(temp, first); err != nil {
		return err
	}
	if err := os.Rename(temp, first.RunDir); err != nil {
		if _, statErr := os.Lstat(first.RunDir); statErr == nil {
			return fmt.Errorf("%w: %q", ErrExists, first.Name)
		}
		return fmt.Errorf("folder of the deployment: %w", err)
	}
	return nil
}

// writeState replaces the state in a deployment's folder.
func writeState(dir string, s state) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(dir, stateFile), append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the state of deployment %q: %w", s.Name, err)
	}
	return nil
}

// readState reads the state of the deployment of that name. The error is
// ErrNotFound when there is none.
func readState(stateDir, name string) (state, error) {
	path := filepath.Join(stateDir, name, stateFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, fmt.Errorf("%w: %q", ErrNotFound, name)
	}
	if err != nil {
		return state{}, err
	}
	if info.Size() > maxStateSize {
		return state{}, fmt.Errorf("%s is larger than %d MiB", path, maxStateSize>>20)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return state{}, err
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return state{}, fmt.Errorf("read %s: %w", path, err)
	}
	// Where the folder is counts, not what the file says: it will be removed.
	s.Name, s.RunDir = name, filepath.Join(stateDir, name)
	return s, nil
}

// names returns the deployments in a folder, sorted.
func names(stateDir string) ([]string, error) {
	entries, err := os.ReadDir(stateDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		if e.IsDir() && checkName(e.Name()) == nil {
			found = append(found, e.Name())
		}
	}
	slices.Sort(found)
	return found, nil
}
