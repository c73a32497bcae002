package proxywasm

import "time"

// contextFunctions are the functions of contexts, and small ones without a group.
func contextFunctions() []hostFunction {
	return []hostFunction{
		{name: "proxy_set_effective_context", params: "i", call: setEffectiveContext},
		{name: "proxy_done", call: proxyDone},
		{name: "proxy_get_status", params: "iii", call: getStatus},
		{name: "proxy_set_tick_period_milliseconds", params: "i", call: setTickPeriod},
		{name: "proxy_get_current_time_nanoseconds", params: "i", always: true, call: getCurrentTime},
	}
}

// libcFunctions are what Emscripten's C library imports from env.
func libcFunctions() []hostFunction {
	return []hostFunction{
		{name: "emscripten_notify_memory_growth", params: "i", void: true, always: true, call: nothing},
		{name: "pthread_equal", params: "ii", always: true, call: pthreadEqual},
	}
}

// The ids of the contexts that are always there. Streams have the ids behind.
const (
	vmContext   = 0
	rootContext = 1
)

// setEffectiveContext is proxy_set_effective_context(context_id): it holds until
// the running callback returns.
func setEffectiveContext(p *Plugin, a []uint64) uint32 {
	switch id := u32(a[0]); id {
	case vmContext:
		p.active = p.current
	case rootContext:
		p.active = nil
	default:
		s, ok := p.streams[id]
		if !ok {
			return uint32(StatusBadArgument)
		}
		p.active = s
	}
	return uint32(StatusOK)
}

// proxyDone is proxy_done(): the root context has ended what on_done waited for.
func proxyDone(p *Plugin, _ []uint64) uint32 {
	if !p.donePending {
		return uint32(StatusNotFound)
	}
	p.donePending = false
	p.ended.Store(true)
	return uint32(StatusOK)
}

// getStatus is proxy_get_status(ret_code, ret_ptr, ret_size): how the last call
// failed. As in Envoy the code stays after the callback, the message does not.
func getStatus(p *Plugin, a []uint64) uint32 {
	if !p.writeU32(a[0], p.statusCode) {
		return uint32(StatusInvalidMemoryAccess)
	}
	return uint32(p.give([]byte(p.statusMessage), a[1], a[2]))
}

// setTickPeriod is proxy_set_tick_period_milliseconds(period). The timer is that
// of the root context, whatever context sets it.
func setTickPeriod(p *Plugin, a []uint64) uint32 {
	p.host.SetTickPeriod(milliseconds(a[0]))
	return uint32(StatusOK)
}

// getCurrentTime is proxy_get_current_time_nanoseconds(ret_u64), since 1970.
func getCurrentTime(p *Plugin, a []uint64) uint32 {
	return uint32(statusOf(p.memory.WriteUint64Le(u32(a[0]), uint64(time.Now().UnixNano()))))
}

func nothing(*Plugin, []uint64) uint32 { return 0 }

// pthreadEqual is pthread_equal(left, right).
func pthreadEqual(_ *Plugin, a []uint64) uint32 {
	if u32(a[0]) == u32(a[1]) {
		return 1
	}
	return 0
}
