package proxywasm

import (
	"encoding/binary"
	"errors"
	"testing"
)

// FuzzHostCalls calls every function of the host with any arguments: pointers
// past the end of the memory, huge lengths, wrong numbers. Each must return, or
// end the call in a way that the host knows.
func FuzzHostCalls(f *testing.F) {
	f.Add(uint8(0), []byte{})
	var all [12 * 8]byte
	for i := range all {
		all[i] = 0xff
	}
	for which := range 60 {
		f.Add(uint8(which), all[:])
		var small [12 * 8]byte
		for i := 0; i < len(small); i += 8 {
			small[i] = byte(i) * byte(which)
		}
		f.Add(uint8(which), small[:])
	}
	functions := callable()
	plugin := startWith(f, PluginConfig{Host: &recorder{}, Log: func(LogLine) {}}).Plugin
	h := newHost()
	h.setBody(RequestBody, "body")
	stream, err := plugin.NewStream(h)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, which uint8, arguments []byte) {
		function := functions[int(which)%len(functions)]
		stack := make([]uint64, 16)
		for i := 0; i < len(stack) && len(arguments) >= 8; i++ {
			stack[i], arguments = binary.LittleEndian.Uint64(arguments), arguments[8:]
		}
		h.setBody(RequestBody, "body")
		h.setMap(RequestHeaders, ":path", "/")
		h.replies, h.acts = nil, nil
		plugin.current, plugin.active = stream, stream
		defer func() {
			plugin.current, plugin.active, plugin.output = nil, nil, nil
			if r := recover(); r != nil {
				err, ok := r.(error)
				if allocation := (*allocationError)(nil); !ok || !errors.As(err, &allocation) {
					t.Fatalf("%s: %v", function.name, r)
				}
			}
		}()
		function.call(plugin, stack)
	})
}

// callable are the functions of the host in a fixed order, without the one that
// only ends the call.
func callable() []hostFunction {
	var functions []hostFunction
	for _, group := range hostGroups() {
		for _, f := range group.functions {
			if f.name != "proc_exit" {
				functions = append(functions, f)
			}
		}
	}
	return functions
}
