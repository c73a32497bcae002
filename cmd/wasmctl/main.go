// Command wasmctl is a toolchain for proxy-wasm filters.
package main

import (
	"os"
	"runtime/debug"

	"github.com/wasmctl/wasmctl/internal/cli"
	"github.com/wasmctl/wasmctl/internal/ui"
)

// startGC is the garbage collector's target while a command does its work. Most
// commands end before a collection pays; run goes back to Go's own once it serves.
const startGC = 400

func main() {
	debug.SetGCPercent(startGC)
	ctx, stop := cli.SignalContext()
	code := cli.Run(ctx, ui.Standard(), os.Args[1:])
	stop()
	os.Exit(code)
}
