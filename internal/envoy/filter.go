package envoy

import (
	"time"
	"unicode/utf8"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	httpwasmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/wasm/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	wasmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/wasm/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/wasmctl/wasmctl/internal/chain"
)

// reloadBackoff is how long Envoy waits before it gives a failed filter a new VM.
const reloadBackoff = time.Second

// Runtime is the engine that runs the filters.
const Runtime = "envoy.wasm.runtime.v8"

// wasmFilter is one filter of the chain as an HTTP filter:
// envoy.extensions.filters.http.wasm.v3.Wasm.
func wasmFilter(f chain.Filter, modulePath string) (*hcmv3.HttpFilter, error) {
	var pack packer
	plugin := &wasmv3.PluginConfig{
		Name:          f.Name,
		RootId:        f.RootID,
		Vm:            &wasmv3.PluginConfig_VmConfig{VmConfig: vmConfig(f, modulePath, &pack)},
		Configuration: configuration(f.Configuration, &pack),
		FailurePolicy: failurePolicy(f.FailurePolicy),
	}
	if f.FailurePolicy == chain.FailReload {
		plugin.ReloadConfig = &wasmv3.ReloadConfig{Backoff: &corev3.BackoffStrategy{
			BaseInterval: durationpb.New(reloadBackoff),
		}}
	}
	if f.AllowOnHeadersStopIteration {
		plugin.AllowOnHeadersStopIteration = wrapperspb.Bool(true)
	}
	return &hcmv3.HttpFilter{
		Name:       f.Name,
		ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: pack.any(&httpwasmv3.Wasm{Config: plugin})},
	}, pack.err
}

func vmConfig(f chain.Filter, modulePath string, pack *packer) *wasmv3.VmConfig {
	vm := &wasmv3.VmConfig{
		VmId:    f.VMID,
		Runtime: Runtime,
		Code: &corev3.AsyncDataSource{
			Specifier: &corev3.AsyncDataSource_Local{Local: fileSource(modulePath)},
		},
		Configuration: configuration(f.VMConfiguration, pack),
	}
	if len(f.Environment) > 0 {
		vm.EnvironmentVariables = &wasmv3.EnvironmentVariables{KeyValues: f.Environment}
	}
	return vm
}

// configuration packs what a filter is to get byte by byte. Envoy hands on the
// text of a StringValue and the bytes of a BytesValue as they are; the text is
// the one that people can read in the bootstrap.
func configuration(b []byte, pack *packer) *anypb.Any {
	if len(b) == 0 {
		return nil
	}
	var value proto.Message = wrapperspb.String(string(b))
	if !utf8.Valid(b) {
		value = wrapperspb.Bytes(b)
	}
	return pack.any(value)
}

func failurePolicy(p chain.FailurePolicy) wasmv3.FailurePolicy {
	switch p {
	case chain.FailOpen:
		return wasmv3.FailurePolicy_FAIL_OPEN
	case chain.FailReload:
		return wasmv3.FailurePolicy_FAIL_RELOAD
	default:
		return wasmv3.FailurePolicy_FAIL_CLOSED
	}
}
