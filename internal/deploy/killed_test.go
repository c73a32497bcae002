//go:build linux

package deploy

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/tool"
)

// childEnvironment makes the test binary deploy with the options in it, print
// the process and wait, as wasmctl does, until it is killed.
const childEnvironment = "WASMCTL_TEST_DEPLOY_CHILD"

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnvironment); text != "" {
		child(text)
		return
	}
	os.Exit(m.Run())
}

func child(text string) {
	var o EnvoyOptions
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		panic(err)
	}
	o.Chain = one(markModule(nil, "x"))
	d, err := Envoy(context.Background(), o)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(d.PID, d.ContainerID)
	select {}
}

// When wasmctl itself is killed, its Envoy ends with it where the kernel allows
// that, and what remains is removed by the next one.
func TestKilledHard(t *testing.T) {
	t.Parallel()
	for via, options := range ways() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			o := options(t, one(markModule(t, "x")))
			o.Log = nil
			owner, pid := startChild(t, o)
			if via == ViaBinary {
				envoy, err := tool.Identify(pid)
				if err != nil {
					t.Fatal(err)
				}
				defer eventually(t, "Envoy is dead", func() bool { return !envoy.Alive() })
			}
			if err := owner.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = owner.Wait()
			list, err := List(t.Context(), o.StateDir)
			if err != nil || len(list) != 1 || list[0].Running {
				t.Errorf("%+v, %v", list, err)
			}
			start(t, o) // the name is free again; options checks that nothing is left
		})
	}
}

func startChild(t *testing.T, o EnvoyOptions) (owner *exec.Cmd, pid int) {
	t.Helper()
	o.Chain = nil
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	owner = exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), childEnvironment+"="+string(text))
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v %s", err, line)
	}
	if _, err := fmt.Sscan(strings.Fields(line)[0], &pid); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return owner, pid
}
