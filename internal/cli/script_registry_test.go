package cli_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wasmctl/wasmctl/internal/testkit"
)

// scriptRegistries are the registries that scripts have started. They live
// until all scripts are done.
type scriptRegistries struct {
	t *testing.T
	// byHost maps the value of REGISTRY to its *testkit.Registry.
	byHost sync.Map
}

// registry KIND starts a real registry that lives until all scripts are done
// and sets REGISTRY to its address: plain, htpasswd (with REGISTRY_USER and
// REGISTRY_PASSWORD) or tls (with the authority in REGISTRY_CA).
func (s *scriptRegistries) start(ts *testscript.TestScript, _ bool, args []string) {
	var o testkit.RegistryOptions
	switch args[0] {
	case "plain":
	case "htpasswd":
		o.Basic = true
	case "tls":
		o.TLS = true
	default:
		ts.Fatalf("unknown registry %q", args[0])
	}
	r := testkit.StartRegistry(s.t, o)
	s.byHost.Store(r.Host, r)
	ts.Setenv("REGISTRY", r.Host)
	ts.Setenv("REGISTRY_ADDRESS", r.Address)
	ts.Setenv("REGISTRY_CA", r.CAFile)
	ts.Setenv("REGISTRY_USER", testkit.User)
	ts.Setenv("REGISTRY_PASSWORD", testkit.Password)
}

// silence TEXT makes the script's registry fall silent for requests with the
// text in their path.
func (s *scriptRegistries) silence(ts *testscript.TestScript, _ bool, args []string) {
	s.of(ts).SetFault(testkit.FaultSilent(args[0]))
}

// waitsilence waits until a request has run into the silence.
func (s *scriptRegistries) waitSilence(ts *testscript.TestScript, _ bool, _ []string) {
	r := s.of(ts)
	until := time.Now().Add(deadline)
	for time.Now().Before(until) {
		for _, request := range r.Requests() {
			if strings.HasPrefix(request, "GET") && strings.Contains(request, "/blobs/") {
				return
			}
		}
		time.Sleep(5 * time.Millisecond) // between two looks at a condition
	}
	ts.Fatalf("no request for a blob within %v", deadline)
}

func (s *scriptRegistries) of(ts *testscript.TestScript) *testkit.Registry {
	r, ok := s.byHost.Load(ts.Getenv("REGISTRY"))
	if !ok {
		ts.Fatalf("no registry was started")
	}
	return r.(*testkit.Registry)
}
