package proxy

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// reloadBackoff is how long a failed VM rests under FailReload: the base
// interval of Envoy's default back-off.
const reloadBackoff = time.Second

// slot is the place of one filter in a worker.
type slot struct {
	srv     *Server
	worker  *worker
	name    string
	program *proxywasm.Program
	config  proxywasm.PluginConfig
	policy  chain.FailurePolicy
	// vm is the filter's VM, nil before the start and after the end.
	vm *vm
	// failedAt is when the VM trapped; zero while it is well.
	failedAt time.Time
	// retired are failed VMs that exchanges may still refer to.
	retired []*vm
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

// start starts the slot's VM.
func (s *slot) start(ctx context.Context) error {
	v := &vm{slot: s}
	config := s.config
	config.Log, config.Host = s.log, v
	plugin, err := s.program.NewPlugin(ctx, config)
	if err != nil {
		v.abandon()
		return err
	}
	v.plugin = plugin
	s.vm = v
	s.created++
	return nil
}

// acquire is the VM to create a stream in, if there is one.
func (s *slot) acquire() (*proxywasm.Plugin, slotVerdict) {
	if !s.vm.plugin.Failed() {
		return s.vm.plugin, slotReady
	}
	switch s.policy {
	case chain.FailOpen:
		return nil, slotOpen
	case chain.FailReload:
		if s.reload() {
			return s.vm.plugin, slotReady
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
	old := s.vm
	// The VM outlives the request that happens to start it.
	if err := s.start(context.Background()); err != nil {
		s.failedAt = now
		s.say(nil, proxywasm.LogError, "reload failed: "+err.Error())
		return false
	}
	s.sweep(context.Background())
	s.retired = append(s.retired, old)
	s.say(nil, proxywasm.LogInfo, "VM reloaded after a failure")
	return true
}

// trapped notes that a callback has ended with err, in x or outside of any exchange.
func (s *slot) trapped(x *exchange, err error) {
	if errors.Is(err, proxywasm.ErrFailed) {
		return
	}
	s.failedAt = time.Now()
	s.traps++
	s.vm.abandon()
	s.say(x, proxywasm.LogCritical, err.Error())
}

// sweep frees the failed VMs that no exchange refers to any more.
func (s *slot) sweep(ctx context.Context) {
	s.retired = slices.DeleteFunc(s.retired, func(v *vm) bool {
		if v.plugin.Stats().StreamsActive > 0 {
			return false
		}
		_ = v.plugin.Close(ctx) // a failed VM has nothing left to say
		return true
	})
}

// end tells the slot's VM that the end has come (on_done), and returns whether
// the filter agrees already.
func (s *slot) end() (bool, error) {
	if s.vm == nil {
		return true, nil
	}
	return s.vm.plugin.End()
}

// close ends the slot's VMs.
func (s *slot) close(ctx context.Context) error {
	for _, v := range s.retired {
		_ = v.plugin.Close(ctx)
	}
	s.retired = nil
	if s.vm == nil {
		return nil
	}
	s.vm.abandon()
	err := s.vm.plugin.Close(ctx)
	s.vm = nil
	return err
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
	s.srv.report(x, LogLine{Time: time.Now(), Level: level.String(), Filter: s.name, Text: text})
}
