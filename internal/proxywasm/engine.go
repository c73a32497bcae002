package proxywasm

import (
	"context"
	"errors"
	"sync"

	"github.com/wasmctl/wasmctl/internal/wasm"
)

// EngineOptions are the settings of an Engine.
type EngineOptions struct {
	// CacheDir is the folder that keeps compiled code between runs; "" keeps it
	// in memory only. A folder that cannot be used or holds damaged entries
	// costs time, never a run.
	CacheDir string
}

// Engine compiles modules, each one once. It may be used from several goroutines.
type Engine struct {
	cacheDir string

	mu       sync.Mutex
	programs map[string]*programSlot // by SHA-256 of the module
}

// programSlot is a module that is or was compiled.
type programSlot struct {
	once    sync.Once
	program *Program
	err     error
}

// NewEngine returns an Engine.
func NewEngine(o EngineOptions) (*Engine, error) {
	return &Engine{cacheDir: o.CacheDir, programs: map[string]*programSlot{}}, nil
}

// Close frees the compiled code. All plugins must be closed before.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, slot := range e.programs {
		if slot.program != nil {
			errs = append(errs, slot.program.close(ctx))
		}
	}
	clear(e.programs)
	return errors.Join(errs...)
}

// Compile checks that this host can run m and turns it into machine code. The
// error is *UnsupportedImportsError when m needs host functions that are not
// offered, *UnsupportedABIError for another ABI version, *wasm.CheckError for
// what Envoy would refuse too, or says what makes the code invalid. The same
// module is compiled once; Engine.Close frees it.
func (e *Engine) Compile(ctx context.Context, m *wasm.Module) (*Program, error) {
	offered, err := checkModule(m)
	if err != nil {
		return nil, err
	}
	slot := e.slot(m.SHA256())
	slot.once.Do(func() { slot.program, slot.err = e.compile(ctx, m, offered) })
	if slot.err != nil {
		e.drop(m.SHA256()) // perhaps ctx was cancelled: another call tries again
	}
	return slot.program, slot.err
}

func (e *Engine) slot(key string) *programSlot {
	e.mu.Lock()
	defer e.mu.Unlock()
	slot, ok := e.programs[key]
	if !ok {
		slot = &programSlot{}
		e.programs[key] = slot
	}
	return slot
}

func (e *Engine) drop(key string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.programs, key)
}
