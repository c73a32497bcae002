package proxy

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// compile turns the modules of the chain into programs, each module once and
// all of them at the same time. The result has one program per filter.
func (s *Server) compile(ctx context.Context) error {
	byDigest := map[string]*compilation{}
	order := make([]*compilation, len(s.filters))
	var wg sync.WaitGroup
	for i := range s.filters {
		m := s.filters[i].Module
		c := byDigest[m.SHA256()]
		if c == nil {
			c = &compilation{}
			byDigest[m.SHA256()] = c
			wg.Go(func() { c.program, c.err = s.engine.Compile(ctx, m) })
		}
		order[i] = c
	}
	wg.Wait()
	for i, c := range order {
		if c.err != nil {
			return fmt.Errorf("filter %q: %w", s.filters[i].Name, c.err)
		}
		s.programs = append(s.programs, c.program)
	}
	return nil
}

type compilation struct {
	program *proxywasm.Program
	err     error
}

// startWorkers starts the VMs of all workers and filters at the same time. The
// error is that of the first filter that does not start.
func (s *Server) startWorkers(ctx context.Context) error {
	var wg sync.WaitGroup
	for range max(s.opts.Concurrency, 1) {
		w := &worker{}
		for i := range s.filters {
			w.slots = append(w.slots, s.newSlot(i))
		}
		s.workers = append(s.workers, w)
	}
	errs := make([]error, len(s.workers)*len(s.filters))
	for wi, w := range s.workers {
		for i, slot := range w.slots {
			wg.Go(func() { errs[i*len(s.workers)+wi] = slot.start(ctx) })
		}
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) newSlot(i int) *slot {
	f := &s.filters[i]
	policy := f.FailurePolicy
	if policy == "" {
		policy = chain.FailClosed
	}
	return &slot{
		name:    f.Name,
		program: s.programs[i],
		policy:  policy,
		report:  s.report,
		config: proxywasm.PluginConfig{
			Name:                        f.Name,
			RootID:                      f.RootID,
			VMID:                        f.VMID,
			VMConfiguration:             f.VMConfiguration,
			Configuration:               f.Configuration,
			Env:                         f.Environment,
			AllowOnHeadersStopIteration: f.AllowOnHeadersStopIteration,
			LogLevel:                    s.logLevel,
			Property:                    rootProperty,
		},
	}
}

// report hands a log line to its exchange or to OnLog. Lines of a request run
// under its worker's lock, so the exchange may be written to.
func (s *Server) report(x *exchange, l LogLine) {
	switch {
	case x != nil && s.opts.OnRequest != nil:
		x.logs = append(x.logs, l)
	case s.opts.OnLog != nil:
		s.opts.OnLog(l)
	}
}

// stopFilters ends all VMs and the engine.
func (s *Server) stopFilters(ctx context.Context) error {
	var errs []error
	for _, w := range s.workers {
		w.mu.Lock()
		for _, slot := range w.slots {
			errs = append(errs, slot.close(ctx))
		}
		w.mu.Unlock()
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Close(ctx))
	}
	return errors.Join(errs...)
}

// rootProperty answers get_property outside streams.
func rootProperty(dst, path []byte) ([]byte, proxywasm.Status) {
	if string(path) == "xds\x00listener_direction" {
		return found(appendInt(dst, 0))
	}
	return dst, proxywasm.StatusNotFound
}
