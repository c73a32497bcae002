package testkit

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/sirupsen/logrus"
	"golang.org/x/crypto/bcrypt"
)

// User is who a registry with authentication lets in.
const (
	User     = "user"
	Password = "correct horse"
)

// RegistryOptions say what a registry is like. The zero value speaks plain
// http, lets everybody in and keeps everything in memory.
type RegistryOptions struct {
	// TLS speaks https with a certificate of an authority of its own.
	TLS bool
	// Basic asks for User and Password with HTTP basic authentication.
	Basic bool
	// Token asks for a token, which its token server gives to User and Password.
	Token bool
	// Dir keeps everything in a folder instead of in memory.
	Dir string
}

// Registry is the CNCF distribution registry, running in this process.
type Registry struct {
	// Host is "localhost:PORT", and Address the same as "127.0.0.1:PORT".
	Host, Address string
	// CAFile is the certificate of the authority of a registry with TLS.
	CAFile string

	mu       sync.Mutex
	fault    Fault
	requests []string
}

// Fault is something that goes wrong with a request. It returns false to let
// the registry answer instead, which next does for a fault that needs that.
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler) bool

var quietRegistry = sync.OnceFunc(func() { logrus.SetOutput(io.Discard) })

// StartRegistry starts a registry on a free port until the end of the test.
func StartRegistry(tb testing.TB, o RegistryOptions) *Registry {
	tb.Helper()
	quietRegistry()
	ctx, cancel := context.WithCancel(context.Background())
	tb.Cleanup(cancel)
	config := &configuration.Configuration{Storage: configuration.Storage{
		"inmemory": {}, "delete": {"enabled": true}, "maintenance": {"uploadpurging": map[any]any{"enabled": false}},
	}}
	config.HTTP.Secret = "the same for each test"
	config.Catalog.MaxEntries = 1000
	if o.Dir != "" {
		delete(config.Storage, "inmemory")
		config.Storage["filesystem"] = configuration.Parameters{"rootdirectory": o.Dir}
	}
	if o.Basic {
		config.Auth = configuration.Auth{"htpasswd": {"realm": "registry", "path": htpasswd(tb)}}
	}
	r := &Registry{}
	app := http.Handler(handlers.NewApp(ctx, config))
	if o.Token {
		app = &tokenAuth{next: app}
	}
	server := httptest.NewUnstartedServer(r.withFaults(app))
	// A TLS handshake that a client gives up is part of several tests.
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if o.TLS {
		certificate, authority := certificate(tb)
		server.TLS = certificate
		r.CAFile = authority
		server.StartTLS()
	} else {
		server.Start()
	}
	tb.Cleanup(server.CloseClientConnections)
	tb.Cleanup(server.Close)
	r.Address = server.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(r.Address)
	r.Host = "localhost:" + port
	return r
}

// UnreachableRegistry returns an address on which nothing listens.
func UnreachableRegistry(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// DockerConfig writes a config.json with the password of User for the hosts,
// and returns its folder, which is what DOCKER_CONFIG names.
func DockerConfig(tb testing.TB, password string, hosts ...string) string {
	tb.Helper()
	var auths []string
	for _, h := range hosts {
		auths = append(auths, fmt.Sprintf(`%q:{"auth":%q}`, h, basicToken(User, password)))
	}
	dir := tb.TempDir()
	text := `{"auths":{` + strings.Join(auths, ",") + `}}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// SetFault makes something go wrong from now on; nil ends it.
func (r *Registry) SetFault(f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = f
}

// Requests returns the requests since the last call: "GET /v2/x/manifests/v1".
func (r *Registry) Requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.Clone(r.requests)
	r.requests = nil
	return all
}

func (r *Registry) withFaults(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		fault := r.fault
		r.requests = append(r.requests, req.Method+" "+req.URL.Path)
		r.mu.Unlock()
		if fault == nil || !fault(w, req, next) {
			next.ServeHTTP(w, req)
		}
	})
}

func htpasswd(tb testing.TB) string {
	tb.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(Password), bcrypt.MinCost)
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(tb.TempDir(), "htpasswd")
	if err := os.WriteFile(file, []byte(User+":"+string(hash)+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}
