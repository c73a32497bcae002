package proxywasm

import "github.com/wasmctl/wasmctl/internal/wasm"

// logFunctions are proxy_log and what belongs to it.
func logFunctions() []hostFunction {
	return []hostFunction{
		{name: "proxy_log", params: "iii", always: true, call: proxyLog},
		{name: "proxy_get_log_level", params: "i", always: true, abi: []wasm.ABIVersion{wasm.ABI021}, call: proxyGetLogLevel},
	}
}

// maxLogBytes bounds one log line; what is longer is cut and says so.
const maxLogBytes = 64 << 10

// proxyLog is proxy_log(level, ptr, size).
func proxyLog(p *Plugin, a []uint64) uint32 {
	level := LogLevel(u32(a[0]))
	if level > LogCritical {
		return uint32(StatusBadArgument)
	}
	message, ok := p.read(a[1], a[2])
	if ok {
		p.log(level, message)
	}
	return uint32(statusOf(ok))
}

// proxyGetLogLevel is proxy_get_log_level(ret_level).
func proxyGetLogLevel(p *Plugin, a []uint64) uint32 {
	return uint32(statusOf(p.writeU32(a[0], uint32(p.config.LogLevel))))
}

// log hands a message to the plugin's logger, unless nobody wants it.
func (p *Plugin) log(level LogLevel, message []byte) {
	wanted := p.config.Log != nil && level >= p.config.LogLevel
	if !wanted && (!p.starting || level < LogWarn) {
		return
	}
	line := LogLine{Level: level, Text: clip(message)}
	if s := p.speaker(); s != nil {
		line.Stream = s.host
	}
	if p.starting && level >= LogWarn && len(p.startLogs) < maxStartLogs {
		p.startLogs = append(p.startLogs, line)
	}
	if wanted {
		p.config.Log(line)
	}
}

// speaker returns the stream that a message is about: the one that host
// functions act on, else the one whose callback is running.
func (p *Plugin) speaker() *Stream {
	if p.active != nil {
		return p.active
	}
	return p.current
}

func clip(message []byte) string {
	if len(message) <= maxLogBytes {
		return string(message)
	}
	return string(message[:maxLogBytes]) + "... (cut)"
}
