package wasm

import (
	"slices"
	"strings"
)

// memory demands one memory that the host can reach and is able to give. Envoy
// takes it by its kind, under any name. A module without one loads and kills
// Envoy with its first call.
func (c *checker) memory() {
	reachable := slices.ContainsFunc(c.m.memories, func(m Memory) bool { return m.Imported || len(m.Exports) > 0 })
	if !reachable {
		c.problem("export the memory, usually as \"memory\"", "the module exports no memory")
		return
	}
	var names []string
	for _, m := range c.m.memories {
		names = append(names, m.Exports...)
		switch limit := c.p.Limits.MemoryPages; {
		case m.MinPages > limit:
			c.problem(initialMemoryHint(c.m.Language()), "the module wants at least %d MiB of memory, %s gives at most %d MiB",
				m.MinPages/16, c.p.Name, limit/16)
		case m.Shared && !m.HasMax:
			c.problem("set a maximum when linking (--max-memory=BYTES)", "the module's memory is shared and has no maximum")
		case m.Shared && m.Imported:
			c.problem("let the module define its memory: link without --import-memory", "the module imports a shared memory")
		}
	}
	if len(names) > 1 && len(c.m.memories) > 1 {
		c.remark("export only the memory that holds what the filter passes to the host",
			"exports several memories (%s): the host reads and writes the one that is exported last", strings.Join(names, ", "))
	}
}

func initialMemoryHint(l Language) string {
	switch l {
	case LanguageCPP, LanguageRust, LanguageZig:
		return "lower the linker's --initial-memory, or make static arrays smaller"
	case LanguageAssemblyScript:
		return "lower asc's --initialMemory"
	case LanguageGo, LanguageTinyGo:
		return "make package variables smaller: large arrays belong on the heap"
	}
	return "lower the initial memory"
}

// sizes compares the sizes of the module with the limits of the host.
func (c *checker) sizes() {
	l, s := c.p.Limits, c.m.scan()
	if size := int64(len(c.m.raw)); l.ModuleSize > 0 && size > l.ModuleSize {
		c.problem("strip names and debug information, and leave data out of the module",
			"the module has %d MiB, %s takes at most %d MiB", size>>20, c.p.Name, l.ModuleSize>>20)
	}
	if l.TableElements > 0 && s.tableElements > l.TableElements {
		c.problem("link a smaller table", "a table wants %d elements, %s gives at most %d", s.tableElements, c.p.Name, l.TableElements)
	}
	if l.FunctionSize > 0 && s.functionSize > l.FunctionSize {
		c.problem("split the function, or keep the compiler from inlining into it",
			"a function has %d bytes of code, %s takes at most %d", s.functionSize, c.p.Name, l.FunctionSize)
	}
	if l.Locals > 0 && s.locals > uint64(l.Locals) {
		c.problem("split the function, or compile it with optimisation",
			"a function has %d local variables, %s takes at most %d", s.locals, c.p.Name, l.Locals)
	}
}
