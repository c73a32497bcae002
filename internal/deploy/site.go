package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// site is the place of one deployment: its options, folder and state.
type site struct {
	o     EnvoyOptions
	state state
}

// newSite claims the deployment's name. What a dead deployment of that name
// left is removed first; a live one is ended when the options say so.
func newSite(ctx context.Context, o EnvoyOptions, via Via) (*site, error) {
	owner, err := tool.Identify(os.Getpid())
	if err != nil {
		return nil, fmt.Errorf("identify this process: %w", err)
	}
	s := &site{o: o, state: state{Owner: owner, Deployment: Deployment{
		Name: o.Name, Via: via, Detached: o.Detach, Started: time.Now().UTC().Truncate(time.Millisecond),
		RunDir: filepath.Join(o.StateDir, o.Name),
	}}}
	if err := makeRoom(ctx, o); err != nil {
		return nil, err
	}
	err = claim(o.StateDir, s.state)
	if errors.Is(err, ErrExists) {
		return nil, existsError(err, o.Name)
	}
	return s, err
}

func makeRoom(ctx context.Context, o EnvoyOptions) error {
	old, err := readState(o.StateDir, o.Name)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return hint.Wrap(err, "end what runs there, then remove that folder")
	}
	running, err := old.running(ctx)
	if err != nil {
		return err
	}
	if running && (!o.Replace || !old.Detached) {
		return existsError(fmt.Errorf("%w: %q, listening on %s", ErrExists, o.Name, old.ListenAddr), o.Name)
	}
	return old.clean(ctx)
}

func existsError(err error, name string) error {
	return hint.Wrap(err, fmt.Sprintf("end it with 'wasmctl undeploy envoy --name %s', replace it with --replace, or choose another --name", name))
}

// dir is the deployment's folder.
func (s *site) dir() string { return s.state.RunDir }

// save writes the state down.
func (s *site) save() error { return writeState(s.dir(), s.state) }

// remove removes the folder.
func (s *site) remove() error { return os.RemoveAll(s.dir()) }

// running tells whether the deployment is there to be reckoned with: its
// Envoy runs, or the wasmctl that starts or watches it does.
func (s state) running(ctx context.Context) (bool, error) {
	if !s.Up || !s.Detached {
		return s.Owner.Alive(), nil
	}
	if s.Container == "" {
		return s.Process.Alive(), nil
	}
	client, err := container.New()
	if err != nil {
		return false, err
	}
	defer client.Close()
	return client.Running(ctx, s.Container)
}

// clean ends whatever is left of the deployment and removes its folder.
func (s state) clean(ctx context.Context) error {
	s.Process.End(ctx, stopGrace)
	if s.Container != "" {
		if err := removeContainer(ctx, s.Container); err != nil {
			return fmt.Errorf("remove the container of deployment %q: %w", s.Name, err)
		}
	}
	return os.RemoveAll(s.RunDir)
}

func removeContainer(ctx context.Context, name string) error {
	client, err := container.New()
	if err != nil {
		return err
	}
	defer client.Close()
	if running, err := client.Running(ctx, name); err != nil {
		return err
	} else if running {
		_ = client.Stop(ctx, name, stopGrace) // Remove does it the hard way
	}
	return client.Remove(ctx, name)
}
