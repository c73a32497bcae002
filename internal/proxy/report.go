package proxy

import "time"

// Exchange is what Options.OnRequest is told about a finished request.
type Exchange struct {
	// Time is when the request's headers were complete.
	Time time.Time `json:"time"`
	// Method, Path and Authority are those of the request as the client sent it.
	Method    string `json:"method"`
	Path      string `json:"path"`
	Authority string `json:"authority"`
	// Protocol is HTTP/1.1 or HTTP/2.
	Protocol string `json:"protocol"`
	// Status is the status the client got; 0 when the connection ended without one.
	Status int `json:"status"`
	// Duration is from the complete request headers to the end of the response.
	Duration time.Duration `json:"durationNs"`
	// Details is Envoy's RESPONSE_CODE_DETAILS: who decided the status and why,
	// for example via_upstream.
	Details string `json:"details"`
	// RequestBytes and ResponseBytes count the bodies as they passed the listener.
	RequestBytes  int64 `json:"requestBytes"`
	ResponseBytes int64 `json:"responseBytes"`
	// Logs are the lines the filters wrote while they handled this request.
	Logs []LogLine `json:"logs,omitempty"`
}

// LogLine is one line that a filter, or the host about a filter, has logged.
type LogLine struct {
	Time time.Time `json:"time"`
	// Level is trace, debug, info, warn, error or critical.
	Level string `json:"level"`
	// Filter is the filter's name in the chain.
	Filter string `json:"filter"`
	Text   string `json:"text"`
}
