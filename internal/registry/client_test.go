package registry

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/progress"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

func client(t testing.TB, o ClientOptions) *Client {
	t.Helper()
	if o.DockerConfig == "" {
		o.DockerConfig = t.TempDir() // not the user's
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// impatient makes a client wait next to nothing between its retries.
func impatient(c *Client) *Client {
	quick := *retries.(*retry.GenericPolicy)
	quick.MinWait, quick.MaxWait = time.Millisecond, time.Millisecond
	c.auth.Client.Transport.(*retry.Transport).Policy = func() retry.Policy { return &quick }
	return c
}

func TestPushAndPull(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	c := client(t, ClientOptions{})
	s := store(t)
	a := filter(t, "one")
	image := put(t, s, a, "x:v1")
	dst := reference(t, r.Host+"/me/x:v1")
	var pushed recorder
	got, err := c.Push(t.Context(), s, reference(t, "x:v1"), dst, pushed.report)
	if err != nil {
		t.Fatal(err)
	}
	if got.Digest != image.Digest || got.Ref != dst.String() || got.ModuleSHA256 != a.Module.SHA256() {
		t.Errorf("pushed %+v", got)
	}
	if ended := pushed.ended(t); !slices.Equal(ended, []string{"", "", "", ""}) {
		t.Errorf("tasks ended with %q", ended)
	}
	var again recorder
	if _, err := c.Push(t.Context(), s, reference(t, "x:v1"), dst, again.report); err != nil {
		t.Fatal(err)
	}
	if ended := again.ended(t); !slices.Equal(ended, []string{alreadyThere, alreadyThere, alreadyThere, ""}) {
		t.Errorf("tasks of the second push ended with %q", ended)
	}
	for _, name := range []string{dst.String(), "oci://" + r.Host + "/me/x@" + string(image.Digest), dst.String() + "@" + string(image.Digest)} {
		other := store(t)
		ref := reference(t, name)
		var pulled recorder
		got, err := c.Pull(t.Context(), other, ref, pulled.report)
		if err != nil {
			t.Fatal(err)
		}
		if got.Digest != image.Digest || got.Ref != ref.String() || got.ModuleSHA256 != a.Module.SHA256() || got.Layout != image.Layout {
			t.Errorf("pulled %+v", got)
		}
		if ended := pulled.ended(t); !slices.Equal(ended, []string{"", "", ""}) {
			t.Errorf("tasks ended with %q", ended)
		}
		stored, _, err := other.Get(t.Context(), ref)
		if err != nil || stored.Module.SHA256() != a.Module.SHA256() {
			t.Errorf("Get(%s): %v", ref, err)
		}
		var second recorder
		if _, err := c.Pull(t.Context(), other, ref, second.report); err != nil {
			t.Fatal(err)
		}
		if ended := second.ended(t); !slices.Equal(ended, []string{alreadyThere, alreadyThere, alreadyThere}) {
			t.Errorf("tasks of the second pull ended with %q", ended)
		}
	}
}

// The round trips are what a push costs on a slow line.
func TestRequestsAreNoMoreThanNeeded(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	c := client(t, ClientOptions{PlainHTTP: true})
	s := store(t)
	put(t, s, filter(t, "one"), "x:v1")
	dst := reference(t, r.Address+"/x:v1")
	count := func(do func() error) map[string]int {
		t.Helper()
		r.Requests()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		methods := map[string]int{}
		for _, request := range r.Requests() {
			method, _, _ := strings.Cut(request, " ")
			methods[method]++
		}
		return methods
	}
	push := func() error { _, err := c.Push(t.Context(), s, reference(t, "x:v1"), dst, nil); return err }
	other := store(t)
	pull := func() error { _, err := c.Pull(t.Context(), other, dst, nil); return err }
	for _, step := range []struct {
		name string
		do   func() error
		want map[string]int
	}{
		{"first push", push, map[string]int{"HEAD": 3, "POST": 3, "PUT": 4}},
		{"second push", push, map[string]int{"HEAD": 3, "PUT": 1}},
		{"first pull", pull, map[string]int{"GET": 4}},
		{"second pull", pull, map[string]int{"GET": 1}},
	} {
		got := count(step.do)
		for method, n := range got {
			if step.want[method] != n {
				t.Errorf("%s: %v, want %v", step.name, got, step.want)
				break
			}
		}
	}
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	variants := map[string]testkit.RegistryOptions{
		"basic":     {Basic: true},
		"basic tls": {Basic: true, TLS: true},
		"token":     {Token: true},
		"token tls": {Token: true, TLS: true},
	}
	for name, o := range variants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := testkit.StartRegistry(t, o)
			s := store(t)
			put(t, s, filter(t, "one"), "x:v1")
			dst := reference(t, r.Host+"/x:v1")
			good := client(t, ClientOptions{CAFile: r.CAFile, DockerConfig: testkit.DockerConfig(t, testkit.Password, r.Host)})
			if _, err := good.Push(t.Context(), s, reference(t, "x:v1"), dst, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := good.Pull(t.Context(), store(t), dst, nil); err != nil {
				t.Fatal(err)
			}
			for what, c := range map[string]*Client{
				"no credentials": client(t, ClientOptions{CAFile: r.CAFile}),
				"wrong password": client(t, ClientOptions{CAFile: r.CAFile, DockerConfig: testkit.DockerConfig(t, "wrong", r.Host)}),
			} {
				_, pushErr := c.Push(t.Context(), s, reference(t, "x:v1"), dst, nil)
				_, pullErr := c.Pull(t.Context(), store(t), dst, nil)
				for _, err := range []error{pushErr, pullErr} {
					if !errors.Is(err, ErrUnauthorized) || !slices.ContainsFunc(hint.Of(err), func(h string) bool { return strings.Contains(h, "docker login "+r.Host) }) {
						t.Errorf("%s: %v, hints %q", what, err, hint.Of(err))
					}
				}
			}
		})
	}
}

func TestCredentialHelper(t *testing.T) {
	r := testkit.StartRegistry(t, testkit.RegistryOptions{Basic: true})
	dir := t.TempDir()
	helper := "#!/bin/sh\necho '{\"ServerURL\":\"x\",\"Username\":\"" + testkit.User + "\",\"Secret\":\"" + testkit.Password + "\"}'\n"
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-testkit"), []byte(helper), 0o755); err != nil {
		t.Fatal(err)
	}
	config := func(text string) string {
		t.Helper()
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("DOCKER_CONFIG", config(`{"credsStore":"testkit"}`))
	s := store(t)
	put(t, s, filter(t, "one"), "x:v1")
	dst := reference(t, r.Host+"/x:v1")
	c, err := NewClient(ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Push(t.Context(), s, reference(t, "x:v1"), dst, nil); err != nil {
		t.Error(err)
	}
	for _, text := range []string{`{"credsStore":"missing"}`, `{`} {
		broken := client(t, ClientOptions{DockerConfig: config(text)})
		_, err := broken.Push(t.Context(), s, reference(t, "x:v1"), dst, nil)
		if !errors.Is(err, ErrUnauthorized) || !strings.Contains(strings.Join(hint.Of(err), " "), "config.json") {
			t.Errorf("config %s: %v, hints %q", text, err, hint.Of(err))
		}
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{TLS: true})
	s := store(t)
	put(t, s, filter(t, "one"), "x:v1")
	// TLS is found on localhost too.
	for _, host := range []string{r.Host, r.Address} {
		c := client(t, ClientOptions{CAFile: r.CAFile})
		if _, err := c.Push(t.Context(), s, reference(t, "x:v1"), reference(t, host+"/x:v1"), nil); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		_, err := client(t, ClientOptions{}).Pull(t.Context(), store(t), reference(t, host+"/x:v1"), nil)
		if !errors.Is(err, ErrTLS) || !strings.Contains(strings.Join(hint.Of(err), " "), "--ca-file") {
			t.Errorf("%s without the authority: %v, hints %q", host, err, hint.Of(err))
		}
		_, err = client(t, ClientOptions{PlainHTTP: true}).Pull(t.Context(), store(t), reference(t, host+"/x:v1"), nil)
		if err == nil || !strings.Contains(strings.Join(hint.Of(err), " "), "leave --plain-http out") {
			t.Errorf("%s without TLS: %v, hints %q", host, err, hint.Of(err))
		}
	}
	for _, file := range []string{"missing.pem", os.DevNull} {
		if _, err := NewClient(ClientOptions{CAFile: file}); err == nil || !strings.Contains(err.Error(), file) || len(hint.Of(err)) == 0 {
			t.Errorf("CA file %s: %v", file, err)
		}
	}
}

// errorCase is a step that goes wrong and what is said about it.
type errorCase struct {
	name  string
	fault testkit.Fault
	push  bool
	// name2 is the reference instead of x:v1.
	name2 string
	want  error
	hint  string
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const many = 1000
	cases := []errorCase{
		{"unknown tag", nil, false, "x:v9", ErrNotFound, "x has the tags: v1"},
		{"unknown name", nil, false, "y:v1", ErrNotFound, "check the name y"},
		{"unknown digest", nil, false, "x@" + string(testDigest), ErrNotFound, "x has the tags"},
		{"damaged manifest", testkit.FaultWrong("/manifests/"), false, "", ErrDigest, "try again"},
		{"damaged layer", testkit.FaultWrong("/blobs/"), false, "", ErrDigest, "try again"},
		{"denied", testkit.FaultStatus("", many, http.StatusForbidden, "DENIED"), true, "", ErrDenied, "docker login"},
		{"denied to pull", testkit.FaultStatus("", many, http.StatusForbidden, "DENIED"), false, "", ErrDenied, "docker login"},
		{"refused manifest", testkit.FaultStatus("PUT /v2/x/manifests/", many, http.StatusBadRequest, "MANIFEST_INVALID"), true, "", ErrRefused, "OCI artifacts"},
		{"refused type", testkit.FaultStatus("PUT /v2/x/manifests/", many, http.StatusUnsupportedMediaType, "UNSUPPORTED"), true, "", ErrRefused, "OCI artifacts"},
		{"too many requests", testkit.FaultStatus("", many, http.StatusTooManyRequests, "TOOMANYREQUESTS"), false, "", ErrServer, "wait a while"},
		{"failing", testkit.FaultStatus("", many, http.StatusServiceUnavailable, ""), true, "", ErrServer, "try again later"},
		{"cut download", testkit.FaultCut("GET /v2/x/blobs/", many), false, "", ErrUnreachable, "check the name"},
		{"cut upload", testkit.FaultCut("PUT /v2/y/blobs/", many), true, "y:v1", ErrUnreachable, "check the name"},
		{"silent", testkit.FaultSilent(""), false, "", ErrUnreachable, "check the name"},
		{"silent upload", testkit.FaultSilent("PUT "), true, "y:v1", ErrUnreachable, "check the name"},
		{"no registry", testkit.FaultStatus("", many, http.StatusTeapot, ""), false, "", ErrServer, "OCI registry"},
	}
	for _, f := range cases {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			r := testkit.StartRegistry(t, testkit.RegistryOptions{})
			s := store(t)
			put(t, s, filter(t, "one"), "x:v1")
			o := ClientOptions{PlainHTTP: true}
			dst := reference(t, r.Address+"/x:v1")
			if _, err := client(t, o).Push(t.Context(), s, reference(t, "x:v1"), dst, nil); err != nil {
				t.Fatal(err)
			}
			r.SetFault(f.fault)
			if strings.HasPrefix(f.name, "silent") {
				o.Timeout = 300 * time.Millisecond
			}
			c := impatient(client(t, o))
			if f.name2 != "" {
				dst = reference(t, r.Address+"/"+f.name2)
			}
			var err error
			var events recorder
			other := store(t)
			if f.push {
				put(t, s, filter(t, "two"), "x:v2")
				_, err = c.Push(t.Context(), s, reference(t, "x:v2"), dst, events.report)
			} else {
				_, err = c.Pull(t.Context(), other, dst, events.report)
			}
			if !errors.Is(err, f.want) || !strings.Contains(err.Error(), dst.String()) {
				t.Errorf("error %v, want %v", err, f.want)
			}
			if h := strings.Join(hint.Of(err), " "); !strings.Contains(h, f.hint) {
				t.Errorf("error %v, hint %q, want %q", err, h, f.hint)
			}
			events.ended(t)
			r.SetFault(nil)
			if got := names(t, other); len(got) != 0 {
				t.Errorf("stored %q", got)
			}
			if left := files(t, other); slices.ContainsFunc(left, func(f string) bool { return f != "oci-layout" && f != "index.json" }) {
				t.Errorf("files left %q", left)
			}
		})
	}
}

func TestUnreachableAndPlain(t *testing.T) {
	t.Parallel()
	s := store(t)
	put(t, s, filter(t, "one"), "x:v1")
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	gone := testkit.UnreachableRegistry(t)
	local := "localhost" + gone[strings.LastIndexByte(gone, ':'):]
	cases := []struct {
		name, ref string
		want      error
		hint      string
	}{
		{"nothing listens", gone + "/x:v1", ErrUnreachable, gone},
		{"nothing listens on localhost", local + "/x:v1", ErrUnreachable, local},
		{"unknown host", "registry.invalid/x:v1", ErrUnreachable, "registry.invalid"},
		{"plain http", r.Address + "/x:v1", ErrPlainHTTP, "--plain-http"},
		{"no registry", "me/x:v1", ErrNoRegistry, "ghcr.io/me/x:v1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cl := client(t, ClientOptions{})
			_, pushErr := cl.Push(t.Context(), s, reference(t, "x:v1"), reference(t, c.ref), nil)
			_, pullErr := cl.Pull(t.Context(), store(t), reference(t, c.ref), nil)
			for _, err := range []error{pushErr, pullErr} {
				if !errors.Is(err, c.want) || !strings.Contains(strings.Join(hint.Of(err), " "), c.hint) {
					t.Errorf("error %v, hints %q", err, hint.Of(err))
				}
			}
		})
	}
}

func TestRetriesSucceed(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	s := store(t)
	put(t, s, filter(t, "one"), "x:v1")
	c := impatient(client(t, ClientOptions{PlainHTTP: true}))
	dst := reference(t, r.Address+"/x:v1")
	r.SetFault(testkit.FaultStatus("POST ", 2, http.StatusServiceUnavailable, ""))
	if _, err := c.Push(t.Context(), s, reference(t, "x:v1"), dst, nil); err != nil {
		t.Error(err)
	}
	r.SetFault(testkit.FaultStatus("GET ", 2, http.StatusTooManyRequests, ""))
	if _, err := c.Pull(t.Context(), store(t), dst, nil); err != nil {
		t.Error(err)
	}
	r.SetFault(testkit.FaultCut("GET /v2/x/blobs/", 2))
	if _, err := c.Pull(t.Context(), store(t), dst, nil); err != nil {
		t.Error(err)
	}
}

func TestDamagedBlobIsNotPushed(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	s := store(t)
	image := put(t, s, filter(t, "one"), "x:v1")
	path := damage(t, s, "sha256:"+image.ModuleSHA256)
	c := client(t, ClientOptions{})
	_, err := c.Push(t.Context(), s, reference(t, "x:v1"), reference(t, r.Host+"/x:v1"), nil)
	var damaged *DamagedError
	if !errors.As(err, &damaged) || damaged.File != path {
		t.Errorf("error %v", err)
	}
}

func TestPullReplacesADamagedBlob(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	s := store(t)
	image := put(t, s, filter(t, "one"), "x:v1")
	c := client(t, ClientOptions{})
	dst := reference(t, r.Host+"/x:v1")
	if _, err := c.Push(t.Context(), s, reference(t, "x:v1"), dst, nil); err != nil {
		t.Fatal(err)
	}
	damage(t, s, "sha256:"+image.ModuleSHA256)
	if _, err := c.Pull(t.Context(), s, dst, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(t.Context(), dst); err != nil {
		t.Error(err)
	}
}

func TestCancelledTransfers(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	s, other := store(t), store(t)
	put(t, s, filter(t, strings.Repeat("large ", 1<<18)), "x:v1")
	c := client(t, ClientOptions{PlainHTTP: true})
	dst := reference(t, r.Address+"/x:v1")
	before := files(t, s)
	// Each transfer is cancelled by its own first progress.
	during := func() (context.Context, progress.Func) {
		ctx, cancel := context.WithCancel(t.Context())
		return ctx, func(e progress.Event) {
			if e.State == progress.Running {
				cancel()
			}
		}
	}
	ctx, report := during()
	if _, err := c.Push(ctx, s, reference(t, "x:v1"), dst, report); !errors.Is(err, context.Canceled) {
		t.Errorf("push: %v", err)
	}
	if !slices.Equal(files(t, s), before) {
		t.Error("a cancelled push changed the store")
	}
	if _, err := c.Push(t.Context(), s, reference(t, "x:v1"), dst, nil); err != nil {
		t.Fatal(err)
	}
	ctx, report = during()
	if _, err := c.Pull(ctx, other, dst, report); !errors.Is(err, context.Canceled) {
		t.Errorf("pull: %v", err)
	}
	if left := files(t, other); slices.ContainsFunc(left, func(f string) bool { return f != "oci-layout" && f != "index.json" }) {
		t.Errorf("files left %q", left)
	}
	if _, err := c.Pull(t.Context(), other, dst, nil); err != nil {
		t.Error(err)
	}
}

func TestConcurrentPullsAndTags(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	s, other := store(t), store(t)
	put(t, s, filter(t, "one"), "x:v1")
	c := client(t, ClientOptions{})
	for _, tag := range []string{"v1", "v2"} {
		if _, err := c.Push(t.Context(), s, reference(t, "x:v1"), reference(t, r.Host+"/x:"+tag), nil); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	for _, tag := range []string{"v1", "v2", "v1", "v2"} {
		group.Go(func() {
			ref := reference(t, r.Host+"/x:"+tag)
			mine := storeIn(t, other.Dir())
			for range 10 {
				if _, err := c.Pull(t.Context(), mine, ref, nil); err != nil {
					t.Error(err)
				}
				if _, err := mine.Tag(t.Context(), ref, reference(t, "y:"+tag)); err != nil && !errors.Is(err, ErrNotStored) {
					t.Error(err)
				}
				if _, err := mine.List(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := mine.Remove(t.Context(), ref); err != nil && !errors.Is(err, ErrNotStored) {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for _, name := range []string{"y:v1", "y:v2"} {
		if _, _, err := other.Get(t.Context(), reference(t, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestPushByDigest(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	s := store(t)
	image := put(t, s, filter(t, "one"), "x:v1")
	c := client(t, ClientOptions{})
	ref := reference(t, r.Host+"/x@"+string(image.Digest))
	if _, err := c.Push(t.Context(), s, reference(t, "x:v1"), ref, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pull(t.Context(), store(t), ref, nil); err != nil {
		t.Error(err)
	}
	wrong := reference(t, r.Host+"/x@"+string(testDigest))
	if _, err := c.Push(t.Context(), s, reference(t, "x:v1"), wrong, nil); !errors.Is(err, ErrDigest) {
		t.Errorf("error %v, want ErrDigest", err)
	}
	if _, err := c.Push(t.Context(), s, reference(t, "unknown:v1"), ref, nil); !errors.Is(err, ErrNotStored) {
		t.Errorf("error %v, want ErrNotStored", err)
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	var mu sync.Mutex
	agents := map[string]bool{}
	r.SetFault(func(_ http.ResponseWriter, req *http.Request, _ http.Handler) bool {
		mu.Lock()
		defer mu.Unlock()
		agents[req.UserAgent()] = true
		return false
	})
	s := store(t)
	put(t, s, filter(t, "one"), "x:v1")
	c := client(t, ClientOptions{UserAgent: "wasmctl/v1.2.3"})
	if _, err := c.Push(t.Context(), s, reference(t, "x:v1"), reference(t, r.Host+"/x:v1"), nil); err != nil {
		t.Fatal(err)
	}
	if len(agents) != 1 || !agents["wasmctl/v1.2.3"] {
		t.Errorf("user agents %v", agents)
	}
}
