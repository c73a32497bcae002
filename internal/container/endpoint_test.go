package container

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// dockerConfig makes a configuration of Docker with a context of that name.
func dockerConfig(t *testing.T, config, name, meta string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	write := func(path, content string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if config != "" {
		write(filepath.Join(dir, "config.json"), config)
	}
	digest := sha256.Sum256([]byte(name))
	write(filepath.Join(dir, "contexts", "meta", hex.EncodeToString(digest[:]), "meta.json"), meta)
}

const (
	remoteMeta = `{"Name":"remote","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://10.0.0.1:2376","SkipTLSVerify":true}}}`
	sshMeta    = `{"Name":"remote","Metadata":{},"Endpoints":{"docker":{"Host":"ssh://me@builder"}}}`
)

func TestFindEndpoint(t *testing.T) {
	cases := []struct {
		name, host, context, config, meta string
		want                              string // the address, or the beginning of the error
		mounts                            bool
	}{
		{"variable", "tcp://1.2.3.4:5", "remote", `{"currentContext":"remote"}`, remoteMeta, "tcp://1.2.3.4:5", false},
		{"variable over ssh", "ssh://me@there", "", "", remoteMeta, "ssh://me@there", false},
		{"variable of a socket", "unix:///x/y.sock", "", "", remoteMeta, "unix:///x/y.sock", true},
		{"context by variable", "", "remote", "", remoteMeta, "tcp://10.0.0.1:2376", false},
		{"context by file", "", "", `{"currentContext":"remote"}`, remoteMeta, "tcp://10.0.0.1:2376", false},
		{"context over ssh", "", "remote", "", sshMeta, "ssh://me@builder", false},
		{"no such context", "", "other", "", remoteMeta, `Docker context "other": `, false},
		{"context without an address", "", "remote", "", `{"Name":"remote","Endpoints":{}}`, `Docker context "remote": `, false},
		{"broken context", "", "remote", "", "{", `Docker context "remote": `, false},
		{"broken file", "", "", "{", remoteMeta, "Docker's configuration ", false},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			dockerConfig(t, test.config, "remote", test.meta)
			t.Setenv("DOCKER_HOST", test.host)
			t.Setenv("DOCKER_CONTEXT", test.context)
			c, err := New()
			if err != nil {
				if !strings.HasPrefix(err.Error(), test.want) || len(hint.Of(err)) == 0 {
					t.Errorf("%v, hints %q", err, hint.Of(err))
				}
				return
			}
			defer c.Close()
			if c.Host() != test.want || c.Mounts() != test.mounts {
				t.Errorf("%s, mounts %t", c.Host(), c.Mounts())
			}
		})
	}
}

// A context's TLS files are read: a broken one is noticed.
func TestContextTLS(t *testing.T) {
	dockerConfig(t, "", "remote", strings.ReplaceAll(remoteMeta, `,"SkipTLSVerify":true`, ""))
	t.Setenv("DOCKER_HOST", "")
	t.Setenv("DOCKER_CONTEXT", "remote")
	digest := sha256.Sum256([]byte("remote"))
	dir := filepath.Join(os.Getenv("DOCKER_CONFIG"), "contexts", "tls", hex.EncodeToString(digest[:]), "docker")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(); err == nil || !strings.Contains(err.Error(), "ca.pem") {
		t.Error(err)
	}
}

func TestLocalSockets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no sockets there")
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_RUNTIME_DIR", filepath.Join(home, "run"))
	path := filepath.Join(home, "run", "podman", "podman.sock")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Skip(err) // the path may be too long for a socket
	}
	defer listener.Close()
	if !listens(path) || listens(filepath.Join(home, "none")) {
		t.Error("sockets are not told apart")
	}
	sockets := localSockets()
	if len(sockets) != 5 || sockets[0] != "/var/run/docker.sock" || sockets[3] != path {
		t.Errorf("%q", sockets)
	}
	if got := localHost(); got != "unix://"+path && !listens(sockets[0]) {
		t.Error(got)
	}
}
