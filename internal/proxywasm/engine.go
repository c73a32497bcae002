package proxywasm

import (
	"context"

	"github.com/wasmctl/wasmctl/internal/wasm"
)

// EngineOptions are the settings of an Engine.
type EngineOptions struct {
	// CacheDir is the folder that keeps compiled code between runs; "" keeps it
	// in memory only. A folder that cannot be used or holds damaged entries
	// costs time, never a run.
	CacheDir string
}

// Engine compiles modules. It may be used from several goroutines.
type Engine struct{}

// NewEngine returns an Engine.
func NewEngine(o EngineOptions) (*Engine, error) { panic("todo") }

// Close frees the compiled code. All plugins must be closed before.
func (e *Engine) Close(ctx context.Context) error { panic("todo") }

// Compile checks that this host can run m and turns it into machine code. The
// error is *UnsupportedImportsError when m needs host functions that are not
// offered, *UnsupportedABIError for another ABI version, or says what makes the
// module invalid.
func (e *Engine) Compile(ctx context.Context, m *wasm.Module) (*Program, error) { panic("todo") }

// Program is a compiled module. It may be used from several goroutines.
type Program struct{}

// Cached tells whether the machine code came from the cache on disk.
func (p *Program) Cached() bool { panic("todo") }

// Close frees what the program holds. Its plugins must be closed before.
func (p *Program) Close(ctx context.Context) error { panic("todo") }
