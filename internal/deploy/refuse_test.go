package deploy

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

func TestEnvoyRefusesBadFilters(t *testing.T) {
	t.Parallel()
	missing := testkit.Filter(testkit.HostFunc{Name: "proxy_no_such_thing", Params: "", Results: "i"})
	cases := []struct {
		name      string
		chain     *chain.Chain
		wantText  string
		wantLines string
	}{
		{"configure returns false", one(refusingModule(t)), "filter my-filter refused its configuration", "wasm log my-filter: unhappy"},
		{"configure traps", one(configureModule(t, testkit.Unreachable()...)), "filter my-filter trapped in proxy_on_configure", "unreachable"},
		{"fails in a worker only", one(thirdTimeModule(t)), "refused its configuration", "Failed to configure thread-local"},
		{"missing import", one(decode(t, missing)), "needs the import env.proxy_no_such_thing", ""},
	}
	for _, c := range cases {
		for via, options := range ways() {
			t.Run(c.name+" "+string(via), func(t *testing.T) {
				t.Parallel()
				_, err := Envoy(t.Context(), options(t, c.chain))
				var failed *StartError
				if !errors.As(err, &failed) {
					t.Fatalf("%v", err)
				}
				t.Logf("%v\n%q", err, hint.Of(err))
				if !strings.Contains(failed.Reason, c.wantText) || !strings.Contains(strings.Join(failed.Log, "\n"), c.wantLines) {
					t.Errorf("want %q, %q", c.wantText, c.wantLines)
				}
				if len(failed.Log) > 8 || len(hint.Of(err)) == 0 {
					t.Errorf("%d lines, hints %q", len(failed.Log), hint.Of(err))
				}
			})
		}
	}
}

func TestEnvoyExitsAtOnce(t *testing.T) {
	t.Parallel()
	o := binaryOptions(t, one(markModule(t, "x")))
	o.EnvoyLogLevel = "no-such-level"
	_, err := Envoy(t.Context(), o)
	var failed *StartError
	if !errors.As(err, &failed) || len(failed.Log) == 0 || !strings.Contains(failed.Reason, "ended with code 1") {
		t.Errorf("%v", err)
	}
}

func TestEnvoyNotReadyInTime(t *testing.T) {
	t.Parallel()
	o := binaryOptions(t, one(markModule(t, "x")))
	o.EnvoyPath = script(t, "exec sleep 60")
	o.StartTimeout = 1e8
	_, err := Envoy(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "not ready in time") {
		t.Errorf("%v", err)
	}
}

// script is an Envoy that is none.
func script(t *testing.T, text string) string {
	t.Helper()
	path := t.TempDir() + "/envoy"
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEnvoyAddressInUse(t *testing.T) {
	t.Parallel()
	for _, use := range []string{"listener", "admin"} {
		t.Run(use, func(t *testing.T) {
			t.Parallel()
			c := one(markModule(t, "x"))
			address := occupied(t)
			if use == "listener" {
				c.Listen = address
			} else {
				c.Admin = address
			}
			_, err := Envoy(t.Context(), binaryOptions(t, c))
			var used *AddressInUseError
			if !errors.As(err, &used) || used.Address != address || used.Use != use || !errors.Is(err, ErrAddressInUse) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestEnvoyInterruptedDuringStart(t *testing.T) {
	t.Parallel()
	interrupted := errors.New("interrupted")
	for via, options := range ways() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			// Whenever it comes, nothing is left: options checks that.
			for _, when := range []string{"start", "log"} {
				ctx, cancel := context.WithCancelCause(t.Context())
				o := options(t, one(refusingModule(t)))
				o.Log = writerFunc(func([]byte) { cancel(interrupted) })
				if when == "start" {
					eventuallyFolder(t, o, func() { cancel(interrupted) })
				}
				_, err := Envoy(ctx, o)
				cancel(nil)
				if !errors.Is(err, interrupted) {
					t.Errorf("%s: %v", when, err)
				}
			}
		})
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

// eventuallyFolder calls then, in the background, once the deployment has its folder.
func eventuallyFolder(t *testing.T, o EnvoyOptions, then func()) {
	go func() {
		defer then()
		for t.Context().Err() == nil {
			if found, _ := os.ReadDir(o.StateDir); len(found) > 0 {
				return
			}
		}
	}()
}
