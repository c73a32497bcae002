package proxywasm

import (
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

const deployHint = "run it on a real Envoy: wasmctl deploy envoy"

// checkModule returns the functions that the module can import here, or says
// why this host cannot run it.
func checkModule(m *wasm.Module) (map[importName]hostFunction, error) {
	version, err := m.ABI()
	if err != nil {
		return nil, err
	}
	if version != wasm.ABI010 && version != wasm.ABI020 && version != wasm.ABI021 {
		return nil, hint.Wrap(&UnsupportedABIError{version}, "build it with a current SDK, or "+deployHint)
	}
	offered := offeredTo(version)
	if err := checkImports(m, offered); err != nil {
		return nil, err
	}
	if err := wasm.Check(m); err != nil {
		return nil, err
	}
	if problems := wasm.CheckHost(m, Profile()).Problems; len(problems) > 0 {
		return nil, hint.Errorf(problems[0].Hint+", or "+deployHint, "%s", problems[0].Reason)
	}
	return offered, nil
}

// checkImports returns *UnsupportedImportsError when the module imports what is
// not offered.
func checkImports(m *wasm.Module, offered map[importName]hostFunction) error {
	nobody := map[string]wasm.ImportProblem{}
	for _, problem := range wasm.CheckImports(m) {
		nobody[problem.Import.String()] = problem
	}
	unsupported := &UnsupportedImportsError{}
	next := deployHint
	for _, i := range m.Imports() {
		if f, ok := offered[importName{i.Module, i.Name}]; ok && i.Func != nil && i.Func.Equal(f.signature()) {
			continue
		}
		reason := "the embedded host does not offer it yet"
		if problem, bad := nobody[i.String()]; bad {
			reason, next = problem.Reason, problem.Hint
		}
		unsupported.Imports = append(unsupported.Imports, UnsupportedImport{i, reason})
	}
	if len(unsupported.Imports) == 0 {
		return nil
	}
	return hint.Wrap(unsupported, next)
}
