package testkit

// HostFunc is a function that a filter imports from module env.
type HostFunc struct{ Name, Params, Results string }

// ProxyLog is the import of env.proxy_log(level, pointer, size).
func ProxyLog() HostFunc { return HostFunc{"proxy_log", "iii", "i"} }

// Filter returns a filter of ABI 0.2.1 that any proxy-wasm host loads and that
// lets everything pass: memory, a bump allocator, and root context callbacks
// that agree. The imports get the function indices 0, 1, 2 and so on. Tests add
// the callbacks they are about.
func Filter(imports ...HostFunc) *Module {
	return FilterConfiguredBy(I32Const(1), imports...)
}

// FilterConfiguredBy is Filter with the given code as its proxy_on_configure:
// it leaves 1 on the stack to accept its configuration, 0 to refuse it.
func FilterConfiguredBy(configure []byte, imports ...HostFunc) *Module {
	m := &Module{}
	for _, f := range imports {
		m.Import("env", f.Name, f.Params, f.Results)
	}
	m.Memory(2, 0)
	m.ExportMemory("memory")
	m.ExportFunction("proxy_abi_version_0_2_1", "", "")
	next := m.Global(65536) // the second page is the allocator's
	var alloc []byte
	for _, code := range [][]byte{
		GlobalGet(next), GlobalGet(next), LocalGet(0), I32Add(), GlobalSet(next),
	} {
		alloc = append(alloc, code...)
	}
	m.ExportFunction("proxy_on_memory_allocate", "i", "i", alloc...)
	m.ExportFunction("proxy_on_vm_start", "ii", "i", I32Const(1)...)
	m.ExportFunction("proxy_on_configure", "ii", "i", configure...)
	return m
}
