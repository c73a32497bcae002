// Command wasmctl is a toolchain for proxy-wasm filters.
package main

import (
	"os"

	"github.com/wasmctl/wasmctl/internal/cli"
	"github.com/wasmctl/wasmctl/internal/ui"
)

func main() {
	ctx, stop := cli.SignalContext()
	code := cli.Run(ctx, ui.Standard(), os.Args[1:])
	stop()
	os.Exit(code)
}
