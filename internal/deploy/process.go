package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/atomicfile"
	"github.com/wasmctl/wasmctl/internal/envoy"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// errNotYet says that an Envoy has not told its admin address yet.
var errNotYet = errors.New("not known yet")

// binary starts an Envoy as a process of this machine.
type binary struct {
	how  Via
	path string
}

func (b binary) via() Via { return b.how }
func (b binary) close()   {}

// launch writes bootstrap and modules into the site's folder and starts Envoy there.
func (b binary) launch(_ context.Context, s *site) (running, error) {
	dir := s.dir()
	for i, f := range s.o.Chain.Filters {
		if err := atomicfile.Write(modulePath(dir, s.o.Chain, i), f.Module.Bytes(), 0o644); err != nil {
			return nil, fmt.Errorf("write the module of filter %q: %w", f.Name, err)
		}
	}
	bootstrap, err := bootstrapYAML(s.o, envoy.BootstrapOptions{}, dir)
	if err != nil {
		return nil, err
	}
	if err := atomicfile.Write(filepath.Join(dir, bootstrapFile), bootstrap, 0o600); err != nil {
		return nil, fmt.Errorf("write the bootstrap: %w", err)
	}
	p := &process{dir: dir, filters: s}
	if err := p.start(b.path, s); err != nil {
		return nil, hint.Wrap(err, "name another Envoy with --envoy-path, or use '--via docker'")
	}
	s.state.PID, s.state.EnvoyPath = p.PID(), b.path
	// An Envoy that has ended already has no identity; its end is seen by done.
	s.state.Process, _ = tool.Identify(p.PID())
	if err := s.save(); err != nil {
		return nil, errors.Join(err, p.stop(context.Background()))
	}
	return p, nil
}

// process is an Envoy that runs as a process.
type process struct {
	*tool.Process
	dir     string
	filters *site
	log     *logLines // nil for a detached one, which has a log file
}

func (p *process) start(path string, s *site) error {
	command := tool.Command{
		Path: path,
		Args: append([]string{
			"-c", filepath.Join(p.dir, bootstrapFile),
			"--admin-address-path", filepath.Join(p.dir, adminFile),
		}, s.o.arguments()...),
		Dir: p.dir,
	}
	if s.o.Detach {
		s.state.LogFile = filepath.Join(p.dir, logFile)
		file, err := os.OpenFile(s.state.LogFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return err
		}
		defer file.Close() // Envoy has its own descriptor
		command.Stdout, command.Stderr = file, file
	} else {
		p.log = newLogLines(s.o.Log, s.o.Chain.Filters)
		command.Stdout, command.Stderr = p.log, p.log
	}
	var err error
	p.Process, err = command.Start(s.o.Detach)
	return err
}

func (p *process) done() <-chan struct{} { return p.Done() }
func (p *process) err() error            { return p.Err() }
func (p *process) letGo()                {}

func (p *process) stop(ctx context.Context) error {
	p.Stop(ctx, stopGrace)
	if p.log != nil {
		return p.log.Close()
	}
	return nil
}

// admin reads the file into which Envoy writes the address.
func (p *process) admin(context.Context) (string, error) {
	text, err := os.ReadFile(filepath.Join(p.dir, adminFile))
	if errors.Is(err, os.ErrNotExist) || (err == nil && len(text) == 0) {
		return "", errNotYet
	}
	if err != nil {
		return "", err
	}
	address := strings.TrimSpace(string(text))
	if _, _, err := net.SplitHostPort(address); err != nil {
		return "", fmt.Errorf("admin address %q of Envoy: %w", address, err)
	}
	return address, nil
}

func (p *process) listen(bound string) string { return bound }

func (p *process) lines() []string {
	if p.log != nil {
		return p.log.lines()
	}
	return tailLines(filepath.Join(p.dir, logFile), p.filters.o)
}

// maxTail is how much of the end of a log file is read, in bytes.
const maxTail = 256 << 10

// tailLines returns the last lines of a log file, none when it cannot be read.
func tailLines(path string, o EnvoyOptions) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxTail {
		if _, err := f.Seek(-maxTail, io.SeekEnd); err != nil {
			return nil
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxTail))
	if err != nil {
		return nil
	}
	l := newLogLines(nil, o.Chain.Filters)
	_, _ = io.Copy(l, bytes.NewReader(text))
	_ = l.Close()
	return l.lines()
}
