package cli_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wasmctl/wasmctl/internal/cli"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/ui"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"wasmctl": func() {
			ctx, stop := cli.SignalContext()
			code := cli.Run(ctx, ui.Standard(), os.Args[1:])
			stop()
			os.Exit(code)
		},
	})
}

// TestScripts runs testdata/script: the real command line, on the real
// components. A script says with "need" which components those are.
func TestScripts(t *testing.T) {
	t.Parallel()
	env := append(goEnv(t), "XDG_CACHE_HOME="+t.TempDir())
	registries := &scriptRegistries{t: t}
	ports := &freePorts{}
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(8 * time.Minute),
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			e.Vars = append(e.Vars, env...)
			e.Setenv("HOME", home)
			e.Setenv("XDG_DATA_HOME", filepath.Join(home, "data"))
			e.Setenv("XDG_STATE_HOME", filepath.Join(home, "state"))
			e.Setenv("DOCKER_CONFIG", filepath.Join(home, "docker"))
			for _, name := range []string{"WASMCTL_TEST_ENVOY", "WASMCTL_TEST_ENVOY_IMAGE", "DOCKER_HOST"} {
				if value := os.Getenv(name); value != "" {
					e.Setenv(name, value)
				}
			}
			return os.MkdirAll(home, 0o750)
		},
		Condition: hasComponent,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"freeport":    ports.set,
			"http":        httpRequest,
			"waithttp":    waitHTTP,
			"waitgone":    waitGone,
			"waitfile":    waitFile,
			"registry":    registries.start,
			"silence":     registries.silence,
			"waitsilence": registries.waitSilence,
			"sha256":      sha256Of,
			"truncate":    truncate,
			"listen":      listen,
			"module":      writeModule,
		},
	})
}

// goEnv lets the scripts' go command find what is compiled and fetched already,
// although their home folder is an empty one.
func goEnv(t *testing.T) []string {
	t.Helper()
	names := []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GOSUMDB"}
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	values := strings.Split(string(out), "\n")
	env := make([]string, len(names))
	for i, name := range names {
		env[i] = name + "=" + values[i]
	}
	return env
}

// hasComponent is the condition [need:NAME]. In CI a missing component is an
// error, so that no script is skipped unseen.
func hasComponent(condition string) (bool, error) {
	name, ok := strings.CutPrefix(condition, "need:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", condition)
	}
	c := testkit.Component(name)
	_, found := testkit.Lookup(c)
	if !found && os.Getenv("CI") == "true" {
		return false, errors.New(c.Missing())
	}
	return found, nil
}

// freeport NAME... sets variables to ports that nothing listens on. They are
// below those that systems hand out by themselves, and no port is given twice:
// nobody can take one before the script does.
func (p *freePorts) set(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		ts.Setenv(name, strconv.Itoa(p.take(ts)))
	}
}

// freePorts counts the ports that were given to scripts.
type freePorts struct{ next atomic.Int32 }

func (p *freePorts) take(ts *testscript.TestScript) int {
	const first, count = 20000, 12000
	offset := os.Getpid() // test runs side by side begin at different ports
	for range count {
		port := first + (offset+int(p.next.Add(1)))%count
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			ts.Check(l.Close())
			return port
		}
	}
	ts.Fatalf("no free port")
	return 0
}

// listen NAME takes a port until the script ends.
func listen(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
	ts.Defer(func() { _ = l.Close() })
}

// http [-h2c] [-H NAME:VALUE]... [-d BODY] METHOD URL prints the status, the
// sorted headers and the body of the response to stdout.
func httpRequest(ts *testscript.TestScript, _ bool, args []string) {
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	header, body := http.Header{}, ""
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-h2c":
			protocols := &http.Protocols{}
			protocols.SetUnencryptedHTTP2(true)
			client.Transport = &http.Transport{Protocols: protocols}
			args = args[1:]
		case "-H":
			name, value, _ := strings.Cut(args[1], ":")
			header.Add(name, value)
			args = args[2:]
		case "-d":
			body = args[1]
			args = args[2:]
		default:
			ts.Fatalf("unknown option %s", args[0])
		}
	}
	if len(args) != 2 {
		ts.Fatalf("usage: http [-h2c] [-H NAME:VALUE] [-d BODY] METHOD URL")
	}
	request, err := http.NewRequestWithContext(context.Background(), args[0], args[1], strings.NewReader(body))
	ts.Check(err)
	request.Header = header
	response, err := client.Do(request)
	ts.Check(err)
	defer client.CloseIdleConnections()
	defer response.Body.Close()
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %d\n", response.Proto, response.StatusCode)
	ts.Check(sortedHeader(&out, response.Header))
	out.WriteByte('\n')
	_, err = io.Copy(&out, response.Body)
	ts.Check(err)
	_, err = ts.Stdout().Write(out.Bytes())
	ts.Check(err)
}

func sortedHeader(w io.Writer, h http.Header) error {
	var lines []string
	for name, values := range h {
		for _, value := range values {
			lines = append(lines, strings.ToLower(name)+": "+value+"\n")
		}
	}
	slices.Sort(lines)
	_, err := io.WriteString(w, strings.Join(lines, ""))
	return err
}

const deadline = 60 * time.Second

// waithttp URL waits until the URL answers with 200.
func waitHTTP(ts *testscript.TestScript, _ bool, args []string) {
	until := time.Now().Add(deadline)
	for time.Now().Before(until) {
		response, err := http.Get(args[0]) //nolint:gosec // the URL is the script's
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(5 * time.Millisecond) // between two looks at a condition
	}
	ts.Fatalf("%s did not answer within %v", args[0], deadline)
}

// waitgone ADDRESS waits until nothing listens on the address.
func waitGone(ts *testscript.TestScript, _ bool, args []string) {
	until := time.Now().Add(deadline)
	for time.Now().Before(until) {
		c, err := net.Dial("tcp", args[0])
		if err != nil {
			return
		}
		_ = c.Close()
		time.Sleep(5 * time.Millisecond) // between two looks at a condition
	}
	ts.Fatalf("%s still answers after %v", args[0], deadline)
}

// waitfile FILE waits until the file has a line.
func waitFile(ts *testscript.TestScript, _ bool, args []string) {
	until := time.Now().Add(deadline)
	for time.Now().Before(until) {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && bytes.HasSuffix(text, []byte("\n")) {
			return
		}
		time.Sleep(5 * time.Millisecond) // between two looks at a condition
	}
	ts.Fatalf("%s has no line after %v", args[0], deadline)
}

// sha256 FILE NAME sets the variable to the file's digest in hexadecimal.
func sha256Of(ts *testscript.TestScript, _ bool, args []string) {
	sum := sha256.Sum256([]byte(ts.ReadFile(args[0])))
	ts.Setenv(args[1], hex.EncodeToString(sum[:]))
}

// truncate FILE SIZE cuts a file.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	var size int64
	_, err := fmt.Sscan(args[1], &size)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

// module KIND FILE writes a small filter: pass lets everything through, refuse
// says no to its configuration, trap traps in it, noabi has no ABI version,
// missing imports what no host has, and all every function of ABI 0.2.1.
func writeModule(ts *testscript.TestScript, _ bool, args []string) {
	var m *testkit.Module
	switch args[0] {
	case "pass":
		m = testkit.Filter()
	case "refuse":
		m = testkit.FilterConfiguredBy(testkit.I32Const(0))
	case "trap":
		m = testkit.FilterConfiguredBy(testkit.Unreachable())
	case "noabi":
		m = &testkit.Module{}
		m.Memory(1, 0)
		m.ExportMemory("memory")
	case "missing":
		m = testkit.Filter(testkit.HostFunc{Name: "proxy_of_no_host", Params: "i", Results: "i"})
	case "all":
		m = everyFunction()
	case "higress":
		m = &testkit.Module{}
		m.Import("env", "proxy_redis_call", "iiiii", "i")
		m.Memory(1, 0)
		m.ExportMemory("memory")
		m.ExportFunction("proxy_abi_version_0_2_100", "", "")
		m.ExportFunction("malloc", "i", "i")
	case "component":
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte("\x00asm\x0d\x00\x01\x00"), 0o600))
		return
	default:
		ts.Fatalf("unknown module %q", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), m.Bytes(), 0o600))
}

// everyFunction is a filter that imports all that Envoy offers under ABI 0.2.1,
// as the SDK for Rust does whatever a filter uses.
func everyFunction() *testkit.Module {
	var imports []testkit.HostFunc
	letters := func(types []wasm.ValueType) string {
		var b strings.Builder
		for _, t := range types {
			b.WriteByte(map[wasm.ValueType]byte{wasm.I32: 'i', wasm.I64: 'I'}[t])
		}
		return b.String()
	}
	for _, f := range wasm.EnvoyFunctions(wasm.ABI021) {
		if f.Module == "env" {
			imports = append(imports, testkit.HostFunc{Name: f.Name, Params: letters(f.Type.Params), Results: letters(f.Type.Results)})
		}
	}
	return testkit.Filter(imports...)
}
