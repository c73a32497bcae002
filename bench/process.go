package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// command runs a program to its end; its output is part of the error.
func command(ctx context.Context, dir string, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// process is a server that runs.
type process struct {
	cmd *exec.Cmd
	log bytes.Buffer
}

// start starts a server. Its output goes to a pipe, as in a script.
func start(env []string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(args[0], args[1:]...)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	return p, p.cmd.Start()
}

// stop ends the server in its own order, and by force after ten seconds.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended
	force := time.AfterFunc(10*time.Second, func() { p.cmd.Process.Kill() })
	defer force.Stop()
	p.cmd.Wait() //nolint:errcheck // how it ends says nothing here
}

// ticks is what /proc counts CPU time in, on every Linux that Go runs on.
const ticks = 100

// cpu is the user and system time that the process has used.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything; utime and stime are the 12th
	// and 13th fields after it.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/stat: %q", text)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/stat: %q", text)
	}
	return time.Duration(user+system) * time.Second / ticks, nil
}

// memory is the resident memory of the process in MiB.
func (p *process) memory() (float64, error) {
	var kib float64
	value := field(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid), "VmRSS")
	_, err := fmt.Sscanf(value, "%f kB", &kib)
	return kib / 1024, err
}

// filterHeader is what the filter sets in every response.
const filterHeader = "X-Wasm-Filter"

// firstResponse asks until a response carries the filter's header. The pauses
// are short enough not to show in the time.
func (p *process) firstResponse(ctx context.Context, address string) error {
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		ok, err := askOnce(address)
		if ok {
			return nil
		}
		if err == nil {
			return fmt.Errorf("a response without %s from %s", filterHeader, address)
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("no filtered response from %s:\n%s", address, p.log.String())
}

// askOnce sends one request. An error means that nobody answers yet.
func askOnce(address string) (filtered bool, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false, err
	}
	defer c.Close()
	if _, err := c.Write([]byte(request)); err != nil {
		return false, err
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	return response.Header.Get(filterHeader) != "", nil
}

// freeAddress is an address that nobody listens on at the moment.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
