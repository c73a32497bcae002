package proxy

import (
	"time"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// vm is one VM with what it has beside its streams: its timer and its calls. It
// is the PluginHost of its plugin. Everything in it is guarded by the worker's
// lock, or belongs to the one goroutine that starts the VM.
type vm struct {
	slot   *slot
	plugin *proxywasm.Plugin // nil while it starts

	period time.Duration
	timer  *time.Timer
	// armed counts the settings of the timer, so that a tick of an earlier one is
	// known to be stale.
	armed int
	// calls are those in flight, by their token.
	calls map[uint32]pendingCall
	gone  bool
}

// pendingCall is a call that can be ended before its time.
type pendingCall interface{ cancel() }

// maxCalls is how many calls of one VM can be in flight: the circuit breaker of
// an Envoy cluster.
const maxCalls = 1024

// post has an event of this VM run under the worker's lock, unless the VM has
// come to its end by then.
func (v *vm) post(event func() error) {
	v.slot.worker.post(func() {
		if v.gone {
			return
		}
		if err := event(); err != nil {
			v.slot.trapped(nil, err)
		}
	})
}

// abandon ends the timer and all calls; events on their way are dropped.
func (v *vm) abandon() {
	v.gone = true
	v.SetTickPeriod(0)
	for _, c := range v.calls {
		c.cancel()
	}
	v.calls = nil
}

// SetTickPeriod implements proxywasm.PluginHost.
func (v *vm) SetTickPeriod(d time.Duration) {
	v.period = d
	v.arm()
}

// arm starts the timer anew.
func (v *vm) arm() {
	v.armed++
	if v.timer != nil {
		v.timer.Stop()
		v.timer = nil
	}
	if v.period <= 0 {
		return
	}
	n := v.armed
	v.timer = time.AfterFunc(v.period, func() {
		v.post(func() error { return v.tick(n) })
	})
}

// tick runs on_tick. The next one comes a period after it has returned.
func (v *vm) tick(n int) error {
	if n != v.armed {
		return nil
	}
	err := v.plugin.OnTick()
	if err == nil {
		v.arm()
	}
	return err
}

// QueueReady implements proxywasm.PluginHost.
func (v *vm) QueueReady(queue uint32) {
	v.post(func() error { return v.plugin.OnQueueReady(queue) })
}

// HasCluster implements proxywasm.PluginHost.
func (v *vm) HasCluster(name []byte) bool {
	_, ok := v.slot.srv.clusters[string(name)]
	return ok
}

// admit takes a call among those in flight, unless there are too many.
func (v *vm) admit(c *cluster, token uint32, call pendingCall) bool {
	if len(v.calls) >= maxCalls || v.gone {
		c.stats.rqOverflow.Add(1)
		return false
	}
	if v.calls == nil {
		v.calls = map[uint32]pendingCall{}
	}
	v.calls[token] = call
	return true
}
