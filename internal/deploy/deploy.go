// Package deploy starts a real Envoy with the filters of a chain attached, as a
// process or in a container, proves that they are loaded, watches it and ends it.
package deploy

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/envoy"
	"github.com/wasmctl/wasmctl/internal/progress"
)

// Via is the way an Envoy comes to run.
type Via string

// The ways. The zero value means ViaAuto.
const (
	// ViaAuto takes the first that is there: a binary, Docker, a download.
	ViaAuto Via = "auto"
	// ViaBinary runs EnvoyPath, $ENVOY_PATH or the envoy on PATH.
	ViaBinary Via = "binary"
	// ViaDocker runs EnvoyImage in a container.
	ViaDocker Via = "docker"
	// ViaDownload fetches an Envoy, checks its digest and keeps it in the cache.
	ViaDownload Via = "download"
)

// Defaults of EnvoyOptions.
const (
	// DefaultVersion is the Envoy that is downloaded.
	DefaultVersion = "1.40.0"
	// DefaultImage is the image of the same Envoy.
	DefaultImage = "envoyproxy/envoy:v" + DefaultVersion
	// DefaultName is the name of a deployment that is given none.
	DefaultName = "envoy"
	// DefaultLogLevel is the level of the filters' log.
	DefaultLogLevel = "info"
	// DefaultStartTimeout is how long an Envoy may take to become ready.
	DefaultStartTimeout = 60 * time.Second
)

// EnvoyOptions says which filters an Envoy shall run, and how.
type EnvoyOptions struct {
	// Chain is the filters, upstream and addresses. A listen or admin port of 0
	// takes a free one.
	Chain *chain.Chain
	Via   Via
	// EnvoyPath is a binary; it makes ViaAuto choose ViaBinary.
	EnvoyPath string
	// EnvoyImage is an image with an envoy on its PATH. Empty means DefaultImage;
	// anything else makes ViaAuto choose ViaDocker.
	EnvoyImage string
	// EnvoyVersion is what ViaDownload fetches, MAJOR.MINOR.PATCH. Empty means DefaultVersion.
	EnvoyVersion string
	// VersionsURL is the list of downloads, in func-e's format. Empty means func-e's own.
	VersionsURL string
	// Concurrency is the number of Envoy's workers; each has its own VM of every
	// filter. 0 means 1.
	Concurrency int
	// Detach leaves the Envoy running after the caller has ended. It is then
	// ended by Undeploy.
	Detach bool
	// Replace ends a detached deployment of the same Name first.
	Replace bool
	// Name tells deployments apart. Empty means DefaultName.
	Name string
	// StateDir holds what is known of detached deployments and the folders of
	// running ones; CacheDir holds downloads. Both are created when missing.
	StateDir, CacheDir string
	// Log receives Envoy's log line by line until it ends; the lines of a filter
	// read TIME LEVEL wasm log NAME: TEXT. Nil discards it. A detached
	// deployment writes to its LogFile instead.
	Log io.Writer
	// LogLevel is the level of the filters' own lines: trace, debug, info, warn,
	// error, critical or off. Empty means DefaultLogLevel.
	LogLevel string
	// EnvoyLogLevel is the level of everything else in Envoy. Empty means warning.
	EnvoyLogLevel string
	// StartTimeout bounds the time from start to proof. 0 means DefaultStartTimeout.
	StartTimeout time.Duration
	Progress     progress.Func `json:"-"`
}

// Deployment is a running Envoy with proven filters.
type Deployment struct {
	Name string `json:"name"`
	Via  Via    `json:"via"`
	// Version is Envoy's own, such as 1.40.0.
	Version string `json:"version"`
	// ListenAddr and AdminAddr are host:port as a client reaches them.
	ListenAddr string `json:"listen"`
	AdminAddr  string `json:"admin"`
	// PID and EnvoyPath are set unless it runs in a container.
	PID       int    `json:"pid,omitempty"`
	EnvoyPath string `json:"envoyPath,omitempty"`
	// ContainerID and Image are set when it does.
	ContainerID string `json:"containerId,omitempty"`
	Image       string `json:"image,omitempty"`
	// RunDir holds the bootstrap and the modules; it goes with the deployment.
	RunDir string `json:"runDir"`
	// LogFile is where a detached Envoy process logs.
	LogFile  string         `json:"logFile,omitempty"`
	Detached bool           `json:"detached"`
	Started  time.Time      `json:"started"`
	Filters  []FilterStatus `json:"filters"`

	live *live
}

// FilterStatus is what Envoy says of one filter.
type FilterStatus struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	// Active says that its VMs run and its configuration was accepted.
	Active bool `json:"active"`
}

// Envoy starts an Envoy, waits until it is ready and proves that it listens
// and that every filter is loaded. Otherwise it ends it, leaves nothing behind
// and returns an error: *StartError with the lines of Envoy's log that explain
// it, ErrNoEnvoy, ErrAddressInUse, ErrExists, container.ErrUnavailable, or that
// of ctx.
func Envoy(ctx context.Context, o EnvoyOptions) (*Deployment, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	l, err := locate(ctx, o)
	if err != nil {
		return nil, err
	}
	d, err := deployWith(ctx, o, l)
	if err != nil {
		l.close()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	}
	return d, nil
}

// deployWith claims the name, starts the Envoy and proves it.
func deployWith(ctx context.Context, o EnvoyOptions, l launcher) (*Deployment, error) {
	s, err := newSite(ctx, o, l.via())
	if err != nil {
		return nil, err
	}
	if err := checkAddresses(ctx, o.Chain); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	end := o.Progress.Start("start Envoy", 0)
	r, err := l.launch(ctx, s)
	if err != nil {
		end(err)
		return nil, errors.Join(err, s.remove())
	}
	d := &s.state.Deployment
	d.live = &live{run: r, site: s, launcher: l}
	err = d.live.bringUp(ctx, d)
	end(err)
	if err != nil {
		return nil, errors.Join(err, d.Stop(ctx))
	}
	if o.Detach {
		r.letGo()
	}
	return d, nil
}

// DryRun returns the bootstrap that Envoy would be given, as YAML. The paths in
// it are those of this deployment; they exist while it runs. Where no Envoy is
// to be had, it is the one for a binary.
func DryRun(ctx context.Context, o EnvoyOptions) ([]byte, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	if l, err := locate(ctx, o); err == nil {
		defer l.close()
		if d, ok := l.(docker); ok {
			return d.dryRun(ctx, o)
		}
	}
	return bootstrapYAML(o, envoy.BootstrapOptions{}, filepath.Join(o.StateDir, o.Name))
}

// Wait blocks until the Envoy has ended by itself, cleans up and returns
// *EndedError; or until ctx is done: then it calls Stop and returns its error,
// nil as a rule.
func (d *Deployment) Wait(ctx context.Context) error {
	select {
	case <-d.live.run.done():
		ended := &EndedError{Log: explain(d.live.run.lines()).lines, Err: d.live.run.err()}
		return errors.Join(ended, d.Stop(ctx))
	case <-ctx.Done():
		return d.Stop(ctx)
	}
}

// Stop ends the Envoy: it takes no new connections, requests under way get
// some seconds, then it is asked to end, then killed. Its container and its
// folder are removed, also when ctx is done. Stop may be called more than once.
func (d *Deployment) Stop(ctx context.Context) error {
	return d.live.end(context.WithoutCancel(ctx), d)
}
