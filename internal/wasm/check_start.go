package wasm

import "strings"

// start looks at how the module is started: a reactor by _initialize, a command
// by _start. Envoy takes both. During the start it allows no call of proc_exit,
// with which Go's commands end, and C's when main fails.
func (c *checker) start() {
	_, reactor := c.m.ExportedFunction("_initialize")
	_, command := c.m.ExportedFunction("_start")
	l := c.m.Language()
	switch {
	case reactor:
	case command && l == LanguageGo:
		c.problem("build it with -buildmode=c-shared ('wasmctl build' does)",
			"the module is a command (_start without _initialize): it exits when main returns, which %s takes for a failed start", c.p.Name)
	case command:
		c.remark(reactorHint(l), "the module is a command (_start without _initialize): "+
			"it is refused if its main exits, and what its start has set up may be gone when the first request comes")
	case c.constructs():
		c.remark(reactorHint(l), "the module exports neither _initialize nor _start: its constructors run before every call or never")
	}
}

func reactorHint(l Language) string {
	switch l {
	case LanguageTinyGo:
		return "build it with -buildmode=c-shared"
	case LanguageCPP:
		return "link it with -mexec-model=reactor"
	case LanguageRust:
		return "build a library (crate-type cdylib) for wasm32-unknown-unknown, with proxy_wasm::main! or an _initialize of your own"
	case LanguageAssemblyScript:
		return "compile it with --exportStart _initialize"
	case LanguageZig:
		return "build it with -mexec-model=reactor for wasm32-wasi, or with -fno-entry for wasm32-freestanding"
	}
	return "build it as a reactor, which exports _initialize"
}

// constructs tells whether the names in the module speak of constructors that
// nobody runs: the linker's __wasm_call_ctors, or its wrappers around every export.
func (c *checker) constructs() bool {
	if _, ok := c.m.ExportedFunction("__wasm_call_ctors"); ok {
		return true
	}
	names, err := c.m.FunctionNames()
	if err != nil {
		return false
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".command_export") {
			return true
		}
	}
	return false
}
