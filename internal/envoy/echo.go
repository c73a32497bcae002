package envoy

import (
	_ "embed"

	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	luav3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/lua/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// echoScript answers a request with what it was, in the form of the embedded
// host's echo.
//
//go:embed echo.lua
var echoScript string

// echoBodyLimit is the largest request body, in bytes, that the echo takes; the
// answer to a larger one is 413.
const echoBodyLimit = 16 << 20

// echoListener is an upstream inside of Envoy itself, so that a chain can be
// tried with nothing else around, also when wasmctl has ended and in a
// container. It needs no port: Envoy reaches it in memory.
func echoListener() (*listenerv3.Listener, error) {
	var pack packer
	script := &hcmv3.HttpFilter{
		Name: "envoy.filters.http.lua",
		ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: pack.any(&luav3.Lua{
			DefaultSourceCode: textSource(echoScript),
		})},
	}
	if pack.err != nil {
		return nil, pack.err
	}
	// The script answers before the route is taken; 500 would show that it failed.
	unreached := &routev3.Route_DirectResponse{DirectResponse: &routev3.DirectResponseAction{Status: 500}}
	l, err := httpListener(echoName, []*hcmv3.HttpFilter{script}, &routev3.Route{Action: unreached})
	if err != nil {
		return nil, err
	}
	l.ListenerSpecifier = &listenerv3.Listener_InternalListener{
		InternalListener: &listenerv3.Listener_InternalListenerConfig{},
	}
	l.PerConnectionBufferLimitBytes = wrapperspb.UInt32(echoBodyLimit)
	return l, nil
}
