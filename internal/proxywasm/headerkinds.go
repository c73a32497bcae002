package proxywasm

// isSingleValued tells whether a map holds only one header of the name, so that
// adding joins. The names are those for which a stock Envoy 1.40 keeps one slot:
// its own and those that its extensions register. Cookies are not among them.
func isSingleValued(kind MapType, name []byte) bool {
	switch kind {
	case RequestHeaders:
		return commonSingle(name) || requestSingle(name)
	case ResponseHeaders:
		return commonSingle(name) || responseSingle(name)
	case ResponseTrailers:
		return string(name) == "grpc-status" || string(name) == "grpc-message"
	}
	return false
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
		"access-control-request-private-network", "authorization", "cdn-loop", "expect", "grpc-accept-encoding",
		"grpc-timeout", "origin", "pragma", "referer", "te", "user-agent",
		"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
		"x-client-trace-id", "x-envoy-downstream-service-cluster", "x-envoy-downstream-service-node",
		"x-envoy-external-address", "x-envoy-force-trace", "x-envoy-hedge-on-per-try-timeout",
		"x-envoy-internal", "x-envoy-ip-tags", "x-envoy-is-timeout-retry", "x-envoy-max-retries",
		"x-envoy-original-host", "x-envoy-original-path", "x-envoy-original-url", "x-envoy-retriable-header-names",
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
