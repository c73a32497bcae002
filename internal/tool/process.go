package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// Process is a program that was started and is watched until it ends.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Start starts the program and returns at once. It runs in a process group of
// its own. Unless detached, it is killed when wasmctl dies in whatever way,
// where the platform allows that (Linux). A detached program outlives wasmctl;
// its Stdout and Stderr must then be *os.File or nil.
func (c Command) Start(detached bool) (*Process, error) {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	cmd.WaitDelay = killDelay
	if detached {
		ownSession(cmd)
	} else {
		ownGroup(cmd)
		dieWithParent(cmd)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.watch(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("run %s: %w", c.Path, err)
	}
	return p, nil
}

// watch starts the program and waits for its end on one locked thread: Linux
// sends the death signal when the thread that started the program ends, not
// the whole process.
func (p *Process) watch(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	err = p.cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = &ExitError{Program: p.cmd.Path, Code: exit.ExitCode()}
	}
	p.err = err
}

// PID is the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is nil for a program that ended with code 0, else *ExitError. It may be
// called once Done is closed.
func (p *Process) Err() error { return p.err }

// Stop asks the program and its children to end, kills them after the grace
// period or when ctx is done, and waits until the program has ended.
func (p *Process) Stop(ctx context.Context, grace time.Duration) {
	select {
	case <-p.done:
		return
	default:
	}
	_ = interruptGroup(p.cmd)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	_ = killGroup(p.PID())
	<-p.done
}
