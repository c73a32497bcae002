package proxywasm

// singleValued returns what joins the values of a header of which a map holds
// only one, or "" when the header may be repeated. The names are those for
// which a stock Envoy keeps one slot: its built-in ones and those that its
// extensions register.
func singleValued(kind MapType, name []byte) string {
	switch kind {
	case RequestHeaders:
		if string(name) == "cookie" {
			return "; "
		}
		if commonSingle(name) || requestSingle(name) {
			return ","
		}
	case ResponseHeaders:
		if commonSingle(name) || responseSingle(name) {
			return ","
		}
	case ResponseTrailers:
		if string(name) == "grpc-status" || string(name) == "grpc-message" {
			return ","
		}
	}
	return ""
}

// commonSingle are the headers that are single-valued in both directions.
func commonSingle(name []byte) bool {
	switch string(name) {
	case "connection", "content-length", "content-type", "keep-alive", "proxy-connection", "proxy-status",
		"transfer-encoding", "upgrade", "via", "x-request-id", "x-envoy-attempt-count",
		"x-envoy-decorator-operation", "cache-control", "content-encoding":
		return true
	}
	return false
}

func requestSingle(name []byte) bool {
	switch string(name) {
	case ":authority", ":method", ":path", ":protocol", ":scheme",
		"accept", "accept-encoding", "access-control-request-headers", "access-control-request-method",
		"access-control-request-private-network", "authorization", "expect", "grpc-accept-encoding",
		"grpc-timeout", "origin", "pragma", "referer", "te", "user-agent",
		"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
		"x-client-trace-id", "x-envoy-downstream-service-cluster", "x-envoy-downstream-service-node",
		"x-envoy-external-address", "x-envoy-force-trace", "x-envoy-hedge-on-per-try-timeout",
		"x-envoy-internal", "x-envoy-ip-tags", "x-envoy-is-timeout-retry", "x-envoy-max-retries",
		"x-envoy-original-host", "x-envoy-original-path", "x-envoy-retriable-header-names",
		"x-envoy-retriable-status-codes", "x-envoy-retry-grpc-on", "x-envoy-retry-on",
		"x-envoy-upstream-alt-stat-name", "x-envoy-upstream-rq-per-try-timeout-ms",
		"x-envoy-upstream-rq-timeout-alt-response", "x-envoy-upstream-rq-timeout-ms",
		"x-envoy-expected-rq-timeout-ms", "x-envoy-upstream-stream-duration-ms",
		"x-forwarded-client-cert", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port",
		"x-forwarded-proto":
		return true
	}
	return false
}

func responseSingle(name []byte) bool {
	switch string(name) {
	case ":status", "access-control-allow-credentials", "access-control-allow-headers",
		"access-control-allow-methods", "access-control-allow-origin", "access-control-allow-private-network",
		"access-control-expose-headers", "access-control-max-age", "age", "date", "etag", "expires",
		"grpc-message", "grpc-status", "last-modified", "location", "server", "vary", "x-envoy-degraded",
		"x-envoy-immediate-health-check-fail", "x-envoy-ratelimited", "x-envoy-upstream-canary",
		"x-envoy-upstream-healthchecked-cluster", "x-envoy-upstream-service-time":
		return true
	}
	return false
}
