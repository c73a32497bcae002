package deploy

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// Undeployed is what Undeploy found.
type Undeployed struct {
	Name string `json:"name"`
	// WasRunning is false when the Envoy had already ended and only its
	// leftovers were removed.
	WasRunning bool `json:"wasRunning"`
}

// Undeploy ends the detached deployment of that name and removes its folder. It
// also removes what a wasmctl that was killed has left. The error is ErrNotFound
// when there is none, and ErrForeground when it belongs to a wasmctl that runs.
func Undeploy(ctx context.Context, stateDir, name string) (*Undeployed, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	stateDir, err := filepath.Abs(stateDir)
	if err != nil {
		return nil, err
	}
	s, err := readState(stateDir, name)
	if errors.Is(err, ErrNotFound) {
		return nil, notFound(err, stateDir)
	}
	if err != nil {
		return nil, err
	}
	running, err := s.running(ctx)
	if err != nil {
		return nil, err
	}
	if running && (!s.Up || !s.Detached) {
		return nil, hint.Errorf(fmt.Sprintf("press Ctrl-C there, or end process %d", s.Owner.PID),
			"%w: %q", ErrForeground, name)
	}
	return &Undeployed{Name: name, WasRunning: running}, s.clean(ctx)
}

func notFound(err error, stateDir string) error {
	known, _ := names(stateDir)
	if len(known) == 0 {
		return hint.Wrap(err, "nothing is deployed")
	}
	return hint.Wrap(err, fmt.Sprintf("there are: %q", known))
}

// Listed is a deployment and whether it still runs.
type Listed struct {
	Deployment
	Running bool `json:"running"`
}

// List returns the deployments, detached or not, sorted by name.
func List(ctx context.Context, stateDir string) ([]Listed, error) {
	stateDir, err := filepath.Abs(stateDir)
	if err != nil {
		return nil, err
	}
	known, err := names(stateDir)
	if err != nil {
		return nil, err
	}
	var list []Listed
	for _, name := range known {
		s, err := readState(stateDir, name)
		if errors.Is(err, ErrNotFound) {
			continue // ended meanwhile
		}
		if err != nil {
			return nil, err
		}
		running, err := s.running(ctx)
		if err != nil {
			return nil, err
		}
		list = append(list, Listed{Deployment: s.Deployment, Running: running})
	}
	return list, nil
}
