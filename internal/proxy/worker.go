package proxy

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// reloadBackoff is how long a failed VM rests under FailReload: the base
// interval of Envoy's default back-off.
const reloadBackoff = time.Second

// worker owns one VM of each filter. Its lock is held while filter code runs
// and while the state of its exchanges changes, never during I/O.
type worker struct {
	mu    sync.Mutex
	slots []*slot
}

// slot is the place of one filter in a worker.
type slot struct {
	name    string
	program *proxywasm.Program
	config  proxywasm.PluginConfig
	policy  chain.FailurePolicy
	plugin  *proxywasm.Plugin
	// failedAt is when the VM trapped; zero while it is well.
	failedAt time.Time
	// retired are failed VMs that exchanges may still refer to.
	retired []*proxywasm.Plugin
	report  func(*exchange, LogLine)
	// created, traps and reloads count over all VMs of the slot.
	created, traps uint64
}

// slotVerdict is what a slot says to an exchange that wants a stream.
type slotVerdict int

const (
	slotReady  slotVerdict = iota
	slotOpen               // failed, requests pass without the filter
	slotClosed             // failed, requests are answered with 503
)

// start starts the slot's first VM.
func (s *slot) start(ctx context.Context) error {
	s.config.Log = s.log
	plugin, err := s.program.NewPlugin(ctx, s.config)
	if err != nil {
		return err
	}
	s.plugin = plugin
	s.created++
	return nil
}

// acquire is the VM to create a stream in, if there is one.
func (s *slot) acquire() (*proxywasm.Plugin, slotVerdict) {
	if !s.plugin.Failed() {
		return s.plugin, slotReady
	}
	switch s.policy {
	case chain.FailOpen:
		return nil, slotOpen
	case chain.FailReload:
		if s.reload() {
			return s.plugin, slotReady
		}
	}
	return nil, slotClosed
}

// reload replaces a failed VM once the back-off is over.
func (s *slot) reload() bool {
	now := time.Now()
	if now.Sub(s.failedAt) < reloadBackoff {
		return false
	}
	// The VM outlives the request that happens to start it.
	plugin, err := s.program.NewPlugin(context.Background(), s.config)
	if err != nil {
		s.failedAt = now
		s.say(nil, proxywasm.LogError, "reload failed: "+err.Error())
		return false
	}
	s.sweep(context.Background())
	s.retired = append(s.retired, s.plugin)
	s.plugin = plugin
	s.created++
	s.say(nil, proxywasm.LogInfo, "VM reloaded after a failure")
	return true
}

// trapped notes that a callback of f has ended with err.
func (s *slot) trapped(f *filterState, err error) {
	if errors.Is(err, proxywasm.ErrFailed) {
		return
	}
	s.failedAt = time.Now()
	s.traps++
	s.say(f.x, proxywasm.LogCritical, err.Error())
}

// sweep frees the failed VMs that no exchange refers to any more.
func (s *slot) sweep(ctx context.Context) {
	s.retired = slices.DeleteFunc(s.retired, func(p *proxywasm.Plugin) bool {
		if p.Stats().StreamsActive > 0 {
			return false
		}
		_ = p.Close(ctx) // a failed VM has nothing left to say
		return true
	})
}

// close ends the slot's VMs.
func (s *slot) close(ctx context.Context) error {
	var errs []error
	for _, p := range s.retired {
		_ = p.Close(ctx)
	}
	s.retired = nil
	if s.plugin != nil {
		errs = append(errs, s.plugin.Close(ctx))
		s.plugin = nil
	}
	return errors.Join(errs...)
}

// log passes a filter's line on to the exchange it is about, if any.
func (s *slot) log(l proxywasm.LogLine) {
	var x *exchange
	if f, ok := l.Stream.(*filterState); ok {
		x = f.x
	}
	s.say(x, l.Level, l.Text)
}

func (s *slot) say(x *exchange, level proxywasm.LogLevel, text string) {
	s.report(x, LogLine{Time: time.Now(), Level: level.String(), Filter: s.name, Text: text})
}
