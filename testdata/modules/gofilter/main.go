// A filter on the Go SDK, for tests and benchmarks: it reads and changes headers,
// and fails in the ways its configuration names.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetVMContext(&vm{})
}

type vm struct{ types.DefaultVMContext }

func (*vm) NewPluginContext(uint32) types.PluginContext { return &plugin{} }

type plugin struct {
	types.DefaultPluginContext
	mode string
}

// OnPluginStart takes the configuration as the mode: "refuse", "panic",
// "panic-in-request", or anything else to work.
func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	configuration, err := proxywasm.GetPluginConfiguration()
	if err != nil && err != types.ErrorStatusNotFound {
		proxywasm.LogCriticalf("configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	p.mode = string(configuration)
	switch p.mode {
	case "refuse":
		proxywasm.LogCritical("the mode is refuse")
		return types.OnPluginStartStatusFailed
	case "panic":
		panic("the mode is panic")
	}
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(id uint32) types.HttpContext {
	return &exchange{id: id, mode: p.mode}
}

type exchange struct {
	types.DefaultHttpContext
	id   uint32
	mode string
}

func (e *exchange) OnHttpRequestHeaders(int, bool) types.Action {
	if e.mode == "panic-in-request" {
		panic("no more requests")
	}
	path, err := proxywasm.GetHttpRequestHeader(":path")
	if err != nil {
		proxywasm.LogErrorf("path: %v", err)
		return types.ActionContinue
	}
	must(proxywasm.AddHttpRequestHeader("x-seen-path", path))
	must(proxywasm.ReplaceHttpRequestHeader("user-agent", "gofilter"))
	if e.mode == "all" {
		headers, err := proxywasm.GetHttpRequestHeaders()
		must(err)
		proxywasm.LogInfof("%d headers", len(headers))
	}
	return types.ActionContinue
}

func (e *exchange) OnHttpResponseHeaders(int, bool) types.Action {
	must(proxywasm.AddHttpResponseHeader("x-filter", "go"))
	must(proxywasm.RemoveHttpResponseHeader("server"))
	return types.ActionContinue
}

func must(err error) {
	if err != nil {
		proxywasm.LogErrorf("%v", err)
	}
}
