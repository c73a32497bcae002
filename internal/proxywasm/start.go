package proxywasm

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/wasmctl/wasmctl/internal/hint"
)

// NewPlugin starts a VM: the start function, the root context, on_vm_start and
// on_configure. The error is a *StartError with a hint. ctx bounds nothing that runs later.
func (p *Program) NewPlugin(ctx context.Context, c PluginConfig) (*Plugin, error) {
	v := &Plugin{
		config: c, first: p.first, environ: environOf(c.Env), started: time.Now(),
		streams: map[uint32]*Stream{}, nextID: rootContext, starting: true,
	}
	v.ctx = &callContext{context.Background(), v}
	v.complete()
	if err := v.start(ctx, p); err != nil {
		v.config.Shared.forget(v)
		if v.module != nil {
			_ = v.module.Close(ctx) // the start has failed, which is what the caller must know
		}
		err.Plugin, err.Logs = c.Name, v.startLogs
		return nil, hint.Wrap(err, nextStep(err))
	}
	v.starting, v.startLogs = false, nil
	v.noteMemory()
	return v, nil
}

// complete fills in what the configuration leaves out.
func (p *Plugin) complete() {
	p.grpc, p.host = map[uint32]callEnd{}, p.config.Host
	if p.host == nil {
		p.host = noHost{}
	}
	if p.config.Metrics == nil {
		p.config.Metrics = NewMetrics()
	}
	if p.config.Shared == nil {
		p.config.Shared = NewShared()
	}
}

func nextStep(err *StartError) string {
	switch {
	case err.Trap != nil:
		return "the filter is at fault: 'wasmctl build --debug' keeps the names of its functions"
	case err.Phase == PhaseConfigure:
		return "check the filter's configuration (--config, --config-file)"
	}
	return "check the VM configuration (--vm-config)"
}

// environOf returns the environment as WASI hands it out, in a fixed order.
func environOf(env map[string]string) []string {
	variables := make([]string, 0, len(env))
	for key, value := range env {
		variables = append(variables, key+"="+value+"\x00")
	}
	slices.Sort(variables)
	return variables
}

// start takes the VM through all phases.
func (p *Plugin) start(ctx context.Context, program *Program) *StartError {
	if err := p.instantiate(ctx, program); err != nil {
		return &StartError{Phase: PhaseStart, Trap: err}
	}
	if _, err := p.run(nil, onContextCreate, rootContext, vmContext, 0); err != nil {
		return startError(PhaseContext, err)
	}
	ok, err := p.run(nil, onVMStart, rootContext, uint32(len(p.config.VMConfiguration)), 0)
	if err != nil || ok == 0 {
		return startError(PhaseVMStart, err)
	}
	p.configuring = true
	ok, err = p.run(nil, onConfigure, rootContext, uint32(len(p.config.Configuration)), 0)
	p.configuring = false
	if err != nil || ok == 0 {
		return startError(PhaseConfigure, err)
	}
	return nil
}

func startError(phase Phase, err error) *StartError {
	e := &StartError{Phase: phase}
	errors.As(err, &e.Trap)
	return e
}

// instantiate makes the VM and runs its start function.
func (p *Plugin) instantiate(ctx context.Context, program *Program) *TrapError {
	p.restricted = true
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	mod, err := program.runtime.InstantiateModule(&callContext{ctx, p}, program.compiled, config)
	if err != nil {
		return p.trapped("start section", err)
	}
	p.module = mod
	p.bind(mod)
	for _, name := range startFunctions(mod) {
		if err := p.runStart(mod.ExportedFunction(name)); err != nil {
			return p.trapped(name, err)
		}
	}
	p.restricted = false
	return nil
}

// startFunctions returns the exports to call first. A reactor has _initialize,
// and then perhaps a main; a command has _start alone.
func startFunctions(mod api.Module) []string {
	has := func(name string) bool { return mod.ExportedFunction(name) != nil }
	switch {
	case has("_initialize") && has("main"):
		return []string{"_initialize", "main"}
	case has("_initialize") && has("__main_void"):
		return []string{"_initialize", "__main_void"}
	case has("_initialize"):
		return []string{"_initialize"}
	case has("_start"):
		return []string{"_start"}
	}
	return nil
}

// runStart calls a start function with zeros for its parameters, as far as it
// has any. To exit with code 0 is how a program ends its main function.
func (p *Plugin) runStart(fn api.Function) error {
	d := fn.Definition()
	stack := make([]uint64, max(len(d.ParamTypes()), len(d.ResultTypes())))
	err := fn.CallWithStack(p.ctx, stack)
	var exit exitError
	if errors.As(err, &exit) && exit == 0 {
		return nil
	}
	return err
}
