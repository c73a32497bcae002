package proxywasm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/testkit"
)

// TestEnvoyAgrees runs one script in a real Envoy and here: what the filter sees
// must be the same to the letter.
func TestEnvoyAgrees(t *testing.T) {
	t.Parallel()
	theirs := runInEnvoy(t, testkit.Need(t, testkit.Envoy), sameScript)
	ours := runHere(t, sameScript)
	if len(theirs) < 100 {
		t.Fatalf("only %d lines came from Envoy", len(theirs))
	}
	for i := range max(len(ours), len(theirs)) {
		if i >= len(ours) || i >= len(theirs) || ours[i] != theirs[i] {
			at := func(lines []string) string { return strings.Join(lines[min(i, len(lines)):min(i+3, len(lines))], "\n") }
			t.Fatalf("from line %d on here:\n%s\nin Envoy:\n%s", i, at(ours), at(theirs))
		}
	}
}

// TestEnvoyAgreesOnSingleValues asks Envoy which headers are joined.
func TestEnvoyAgreesOnSingleValues(t *testing.T) {
	t.Parallel()
	envoy := testkit.Need(t, testkit.Envoy)
	names := strings.Fields(headerNames)
	for kind, callback := range map[MapType]string{RequestHeaders: "request_headers", ResponseHeaders: "response_headers"} {
		var b strings.Builder
		for _, name := range names {
			for _, action := range []string{"remove %d %s", "add %d %s a", "add %d %s b", "get %d %s", "remove %d %s"} {
				fmt.Fprintf(&b, callback+" "+action+"\n", kind, name)
			}
		}
		lines := runInEnvoy(t, envoy, b.String())
		if len(lines) != len(names) {
			t.Fatalf("%d answers for %d names", len(lines), len(names))
		}
		for i, name := range names {
			theirs := strings.HasSuffix(lines[i], " a,b")
			if ours := isSingleValued(kind, []byte(name)); ours != theirs && name != "host" {
				t.Errorf("%s %s: single-valued here %v, in Envoy %v", callback, name, ours, theirs)
			}
		}
	}
}

// runHere runs the script as the data plane would, and returns the log.
func runHere(t *testing.T, script string) []string {
	t.Helper()
	f := startWith(t, PluginConfig{Name: "same", Configuration: []byte(script), LogLevel: LogInfo})
	f.logs = nil
	h := newHost()
	s := f.stream(h)
	request := h.maps[RequestHeaders]
	_, err := s.OnRequestHeaders(true)
	delete(h.maps, RequestHeaders)
	response := h.setMap(ResponseHeaders, ":status", "200")
	_, err2 := s.OnResponseHeaders(false)
	delete(h.maps, ResponseHeaders)
	body := h.setBody(ResponseBody, "hi")
	_, err3 := s.OnResponseBody(body.Len(), true)
	delete(h.bodies, ResponseBody)
	h.maps[RequestHeaders], h.maps[ResponseHeaders] = request, response
	for _, err := range []error{err, err2, err3, s.OnLog(), s.OnDone(), s.OnDelete()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return f.logs
}
