package wasm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// maxPages is the largest memory that Envoy gives a module: 1 GiB.
const maxPages = 16384

// Problem is one reason for which Envoy refuses a module.
type Problem struct {
	Reason string `json:"reason"`
	// Hint is the next step for the user.
	Hint string `json:"hint"`
	// Err is the cause for errors.Is and errors.As; nil when there is none.
	Err error `json:"-"`
}

// CheckError lists all reasons for which Envoy refuses a module.
type CheckError struct {
	Problems []Problem `json:"problems"`
}

// Error names one problem in a line, several in a list.
func (e *CheckError) Error() string {
	if len(e.Problems) == 1 {
		return "Envoy would refuse the module: " + e.Problems[0].Reason
	}
	lines := []string{"Envoy would refuse the module:"}
	for _, p := range e.Problems {
		lines = append(lines, "  - "+p.Reason)
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the problems with their hints.
func (e *CheckError) Unwrap() []error {
	errs := make([]error, len(e.Problems))
	for i, p := range e.Problems {
		cause := p.Err
		if cause == nil {
			cause = fmt.Errorf("%s", p.Reason)
		}
		errs[i] = hint.Wrap(cause, p.Hint)
	}
	return errs
}

// Check returns nil when Envoy loads m, as far as can be told without running
// or validating code; else *CheckError with everything that is wrong.
func Check(m *Module) error {
	var problems []Problem
	version, err := m.ABI()
	if err != nil {
		problems = append(problems, Problem{Reason: err.Error(), Hint: strings.Join(hint.Of(err), "; "), Err: err})
	}
	for _, p := range CheckImports(m) {
		problems = append(problems, Problem{
			Reason: fmt.Sprintf("import %s %s: %s", p.Import, describeImport(p.Import), p.Reason), Hint: p.Hint,
		})
	}
	problems = append(problems, checkMemory(m)...)
	problems = append(problems, checkAllocator(m)...)
	problems = append(problems, checkCallbacks(m, version)...)
	if _, err := m.FunctionNames(); err != nil {
		problems = append(problems, Problem{Reason: err.Error(), Hint: "build the module again, or strip its names", Err: err})
	}
	if len(problems) == 0 {
		return nil
	}
	return &CheckError{Problems: problems}
}

func describeImport(i Import) string {
	if i.Func != nil {
		return i.Func.String()
	}
	return i.Kind.String()
}

// checkMemory demands one memory that the host can reach and is able to give.
// Envoy takes it by its kind, under any name.
func checkMemory(m *Module) []Problem {
	reachable := slices.ContainsFunc(m.memories, func(mem Memory) bool { return mem.Imported || len(mem.Exports) > 0 })
	if !reachable {
		return []Problem{{Reason: "the module exports no memory", Hint: "export the memory, usually as \"memory\""}}
	}
	for _, mem := range m.memories {
		if mem.MinPages > maxPages {
			return []Problem{{
				Reason: fmt.Sprintf("the module wants at least %d MiB of memory, Envoy gives at most 1024 MiB", mem.MinPages/16),
				Hint:   "lower the initial memory",
			}}
		}
	}
	return nil
}

// checkAllocator demands the function with which the host gets memory for the
// values it returns.
func checkAllocator(m *Module) []Problem {
	const next = "build the module with a proxy-wasm SDK, which exports it"
	want := signature("i", "i")
	for _, name := range []string{"malloc", "proxy_on_memory_allocate"} {
		if t, ok := m.ExportedFunction(name); ok {
			return wrongType(name, t, want)
		}
	}
	return []Problem{{Reason: "the module exports no allocator: neither malloc nor proxy_on_memory_allocate", Hint: next}}
}

// checkCallbacks compares the exports that the host calls with the types they
// must have. Without a known version v the type of any version will do.
func checkCallbacks(m *Module, v ABIVersion) []Problem {
	want := map[string][]FuncType{}
	for _, c := range callbacks() {
		if v == "" || len(c.abi) == 0 || slices.Contains(c.abi, v) {
			want[c.name] = append(want[c.name], signature(c.params, c.results))
		}
	}
	if _, ok := m.ExportedFunction("_initialize"); ok {
		want["_initialize"] = []FuncType{{}}
		want["main"] = []FuncType{signature("ii", "i")}
		want["__main_void"] = []FuncType{signature("", "i")}
	} else {
		want["_start"] = []FuncType{{}}
	}
	var problems []Problem
	for _, e := range m.exports {
		types, known := want[e.Name]
		if e.Func == nil || !known {
			continue
		}
		if !slices.ContainsFunc(types, e.Func.Equal) {
			problems = append(problems, wrongType(e.Name, *e.Func, types[0])...)
		}
	}
	return problems
}

func wrongType(name string, have, want FuncType) []Problem {
	if have.Equal(want) {
		return nil
	}
	return []Problem{{
		Reason: fmt.Sprintf("export %s is %s, Envoy wants %s", name, have, want),
		Hint:   "declare the function as the proxy-wasm specification does for the module's ABI version",
	}}
}
