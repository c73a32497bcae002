//go:build unix

package tool_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/tool"
)

func shell(t *testing.T, script string) tool.Command {
	t.Helper()
	path, err := tool.Find("sh")
	if err != nil {
		t.Skip(err)
	}
	return tool.Command{Path: path, Args: []string{"-c", script}}
}

func TestProcessEnds(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := shell(t, "echo out; exit 3")
	c.Stdout = &out
	p, err := c.Start(false)
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	var exit *tool.ExitError
	if !errors.As(p.Err(), &exit) || exit.Code != 3 || out.String() != "out\n" {
		t.Errorf("%v, %q", p.Err(), &out)
	}
	p.Stop(t.Context(), time.Second) // does nothing
}

func TestProcessStops(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"on request": "sleep 60 & wait",
		"by force":   `trap "" TERM; echo ready; sleep 60; sleep 60`,
	} {
		for _, detached := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p, err := shell(t, script).Start(detached)
				if err != nil {
					t.Fatal(err)
				}
				id, err := tool.Identify(p.PID())
				if err != nil || !id.Alive() {
					t.Errorf("%+v, %v", id, err)
				}
				p.Stop(t.Context(), 100*time.Millisecond)
				if id.Alive() || p.Err() == nil {
					t.Errorf("alive %t, %v", id.Alive(), p.Err())
				}
			})
		}
	}
}

func TestProcessCannotStart(t *testing.T) {
	t.Parallel()
	if _, err := (tool.Command{Path: t.TempDir()}).Start(false); err == nil {
		t.Error("a folder was started")
	}
}

func TestIdentityEnds(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"sleep 60", `trap "" TERM; sleep 60; sleep 60`} {
		p, err := shell(t, script).Start(true)
		if err != nil {
			t.Fatal(err)
		}
		id, err := tool.Identify(p.PID())
		if err != nil {
			t.Fatal(err)
		}
		if !id.End(t.Context(), 200*time.Millisecond) || id.Alive() {
			t.Error("it still runs")
		}
		if id.End(t.Context(), time.Second) {
			t.Error("it ended twice")
		}
		<-p.Done()
	}
}

// A process id that is used again is another process.
func TestIdentityIsNotJustTheID(t *testing.T) {
	t.Parallel()
	p, err := shell(t, "sleep 60").Start(false)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(context.Background(), time.Second)
	id, err := tool.Identify(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	id.Start += "0"
	if id.Alive() || id.End(t.Context(), time.Second) {
		t.Error("another process was taken for this one")
	}
	if (tool.Identity{}).Alive() {
		t.Error("nothing is alive")
	}
}
