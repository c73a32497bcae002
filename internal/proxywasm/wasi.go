package proxywasm

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"
)

// The WASI error numbers that are returned.
//
// https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md#errno
const (
	errnoSuccess = 0
	errnoBadf    = 8
	errnoFault   = 21
	errnoInval   = 28
	errnoNoent   = 44
	errnoNosys   = 52
	errnoNotsup  = 58
)

// wasiFunctions are the functions of WASI that do something. A filter has no
// files, no arguments and no network; what it writes becomes log lines.
func wasiFunctions() []hostFunction {
	return []hostFunction{
		{name: "fd_write", params: "iiii", always: true, call: fdWrite},
		{name: "fd_fdstat_get", params: "ii", always: true, call: fdFdstatGet},
		{name: "environ_get", params: "ii", always: true, call: environGet},
		{name: "environ_sizes_get", params: "ii", always: true, call: environSizesGet},
		{name: "args_get", params: "ii", always: true, call: nothing},
		{name: "args_sizes_get", params: "ii", always: true, call: argsSizesGet},
		{name: "clock_time_get", params: "ili", always: true, call: clockTimeGet},
		{name: "clock_res_get", params: "ii", always: true, call: clockResGet},
		{name: "random_get", params: "ii", always: true, call: randomGet},
		{name: "poll_oneoff", params: "iiii", always: true, call: pollOneoff},
		{name: "proc_exit", params: "i", void: true, call: procExit}, // in Envoy not even exit(0) ends a start
	}
}

// The log levels of what a filter writes to its standard streams.
const (
	fdStdout = 1
	fdStderr = 2
)

// fdWrite is fd_write(fd, iovs, iovs_len, ret_written): each call is one log
// line, without a newline at its end.
func fdWrite(p *Plugin, a []uint64) uint32 {
	fd := u32(a[0])
	if fd != fdStdout && fd != fdStderr {
		return errnoBadf
	}
	written, ok := p.gather(u32(a[1]), u32(a[2]))
	if !ok {
		return errnoFault
	}
	if written > 0 {
		p.writeLine(fd, p.line)
	}
	if !p.writeU32(a[3], uint32(written)) {
		return errnoFault
	}
	return errnoSuccess
}

// gather collects the bytes of an I/O vector in p.line, as far as a log line
// goes, and returns their number.
func (p *Plugin) gather(iovs, count uint32) (written uint64, ok bool) {
	p.line = p.line[:0]
	list, ok := p.memory.Read(iovs, count*8)
	if !ok || count > 1<<28 {
		return 0, false
	}
	for ; len(list) > 0; list = list[8:] {
		part, ok := p.memory.Read(binary.LittleEndian.Uint32(list), binary.LittleEndian.Uint32(list[4:]))
		if !ok {
			return 0, false
		}
		written += uint64(len(part))
		p.line = append(p.line, part[:min(len(part), maxLogBytes+1-len(p.line))]...)
	}
	return written, true
}

func (p *Plugin) writeLine(fd uint32, text []byte) {
	level := LogInfo
	if fd == fdStderr {
		level = LogError
		p.output = append(p.output, text[:min(len(text), maxOutputBytes-len(p.output))]...)
	}
	p.log(level, bytes.TrimSuffix(text, []byte{'\n'}))
}

// fdFdstatGet is fd_fdstat_get(fd, ret): 24 bytes, all zero but the right to write.
func fdFdstatGet(p *Plugin, a []uint64) uint32 {
	if fd := u32(a[0]); fd != fdStdout && fd != fdStderr {
		return errnoBadf
	}
	var stat [24]byte
	stat[8] = 1 << 6 // fs_rights_base: fd_write
	if !p.memory.Write(u32(a[1]), stat[:]) {
		return errnoFault
	}
	return errnoSuccess
}

// environGet is environ_get(pointers, data).
func environGet(p *Plugin, a []uint64) uint32 {
	pointers, data := u32(a[0]), u32(a[1])
	for _, variable := range p.environ {
		if !p.memory.WriteUint32Le(pointers, data) || !p.memory.WriteString(data, variable) {
			return errnoFault
		}
		pointers += 4
		data += uint32(len(variable))
	}
	return errnoSuccess
}

// environSizesGet is environ_sizes_get(ret_count, ret_size).
func environSizesGet(p *Plugin, a []uint64) uint32 {
	size := 0
	for _, variable := range p.environ {
		size += len(variable)
	}
	if !p.writeU32(a[0], uint32(len(p.environ))) || !p.writeU32(a[1], uint32(size)) {
		return errnoFault
	}
	return errnoSuccess
}

// argsSizesGet is args_sizes_get(ret_count, ret_size).
func argsSizesGet(p *Plugin, a []uint64) uint32 {
	if !p.writeU32(a[0], 0) || !p.writeU32(a[1], 0) {
		return errnoFault
	}
	return errnoSuccess
}

// The clocks of WASI that are offered.
const (
	clockRealtime  = 0
	clockMonotonic = 1
)

// clockTimeGet is clock_time_get(id, precision, ret_u64), in nanoseconds.
func clockTimeGet(p *Plugin, a []uint64) uint32 {
	var now int64
	switch u32(a[0]) {
	case clockRealtime:
		now = time.Now().UnixNano()
	case clockMonotonic:
		now = int64(time.Since(p.started))
	default:
		return errnoNotsup
	}
	if !p.memory.WriteUint64Le(u32(a[2]), uint64(now)) {
		return errnoFault
	}
	return errnoSuccess
}

// clockResGet is clock_res_get(id, ret_u64), in nanoseconds.
func clockResGet(p *Plugin, a []uint64) uint32 {
	if u32(a[0]) > clockMonotonic {
		return errnoNotsup
	}
	if !p.memory.WriteUint64Le(u32(a[1]), 1) {
		return errnoFault
	}
	return errnoSuccess
}

// maxRandomBytes is what Envoy gives at once.
const maxRandomBytes = 64 << 10

// randomGet is random_get(ptr, size).
func randomGet(p *Plugin, a []uint64) uint32 {
	if u32(a[1]) > maxRandomBytes {
		return errnoInval
	}
	at, ok := p.read(a[0], a[1])
	if !ok {
		return errnoFault
	}
	_, _ = rand.Read(at) // never fails
	return errnoSuccess
}

// pollOneoff is poll_oneoff(in, out, count, ret_events): nothing ever happens.
func pollOneoff(p *Plugin, a []uint64) uint32 {
	if !p.writeU32(a[3], 0) {
		return errnoFault
	}
	return errnoSuccess
}

// exitError is a filter that has ended itself.
type exitError uint32

func (e exitError) Error() string { return fmt.Sprintf("the filter exited with code %d", uint32(e)) }

// procExit is proc_exit(code): it ends the running call.
func procExit(_ *Plugin, a []uint64) uint32 { panic(exitError(u32(a[0]))) }
