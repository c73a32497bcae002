package proxy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

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
			w.slots = append(w.slots, s.newSlot(w, i))
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

func (s *Server) newSlot(w *worker, i int) *slot {
	f := &s.filters[i]
	policy := f.FailurePolicy
	if policy == "" {
		policy = chain.FailClosed
	}
	return &slot{
		srv:     s,
		worker:  w,
		name:    f.Name,
		program: s.programs[i],
		policy:  policy,
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
			Metrics:                     s.metrics,
			Shared:                      s.shared,
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

// stopFilters ends all VMs and the engine. A filter may ask for a little time.
func (s *Server) stopFilters(ctx context.Context) error {
	errs := s.endFilters()
	for _, w := range s.workers {
		w.closeEvents()
		w.mu.Lock()
		for _, slot := range w.slots {
			errs = append(errs, slot.close(ctx))
		}
		w.unlock()
	}
	s.endCalls()
	s.inFlight.Wait()
	for _, c := range s.clusters {
		c.close()
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Close(ctx))
	}
	return errors.Join(errs...)
}

// endTime is how long filters may work on after on_done has returned false.
// Envoy gives them the time they want.
const endTime = time.Second

// endFilters runs on_done of all filters and waits for those that are not ready.
func (s *Server) endFilters() []error {
	var errs []error
	var waiting []*proxywasm.Plugin
	for _, w := range s.workers {
		w.mu.Lock()
		for _, slot := range w.slots {
			done, err := slot.end()
			errs = append(errs, err)
			if !done && w.serves() {
				waiting = append(waiting, slot.vm.plugin)
			}
		}
		w.unlock()
	}
	deadline := time.Now().Add(endTime)
	for _, plugin := range waiting {
		for !plugin.Ended() && time.Now().Before(deadline) {
			time.Sleep(endPoll)
		}
	}
	return errs
}

// endPoll is how often a filter that wants time is looked at.
const endPoll = 5 * time.Millisecond

// rootProperty answers get_property outside streams.
func rootProperty(dst, path []byte) ([]byte, proxywasm.Status) {
	if string(path) == "xds\x00listener_direction" {
		return found(appendInt(dst, 0))
	}
	return dst, proxywasm.StatusNotFound
}
