package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// removeTimeout bounds the removal of a container whose run was broken off.
const removeTimeout = 15 * time.Second

// IO is what goes into a container and comes out of it.
type IO struct {
	// Archive, when set, writes a tar archive that is unpacked into Spec.Folder
	// before the program starts.
	Archive func(io.Writer) error
	// Stdout and Stderr receive what the program writes, as it comes. Nil
	// discards it.
	Stdout, Stderr io.Writer
}

// Run runs a program in a container of its own from start to end. The container
// is gone when Run returns; it also ends and goes when this process does, in
// whatever way. The image needs /bin/sh.
//
// The errors are *ExitError, ErrUnavailable, also for a daemon that goes away
// meanwhile, ErrNoFolder, ErrDiskFull, and the cause of ctx.
func (c *Client) Run(ctx context.Context, s Spec, o IO) error {
	var mark string
	s.Command, mark = guarded(s.Command)
	config, host, err := s.docker()
	if err != nil {
		return err
	}
	config.AttachStdin, config.AttachStdout, config.AttachStderr = true, true, true
	config.OpenStdin, config.StdinOnce = true, true
	host.AutoRemove = true
	host.LogConfig.Type = "none" // what is written is read once, here
	id, err := c.create(ctx, s.Name, config, host)
	if err != nil {
		return runError(ctx, err)
	}
	r := run{client: c, id: id, stdout: spotter{to: o.Stdout}, stderr: spotter{to: o.Stderr}}
	r.report = newReport(&r.stderr, mark)
	if err := r.start(ctx, s.Folder, o.Archive); err != nil {
		return errors.Join(runError(ctx, err), r.remove(ctx))
	}
	defer func() { // nothing is written any more once Run returns
		r.stream.Close()
		<-r.copied
	}()
	return r.wait(ctx)
}

// run is a container at work.
type run struct {
	client         *Client
	id             string
	stdout, stderr spotter
	report         *report
	stream         types.HijackedResponse
	copied         chan error
	ended          <-chan container.WaitResponse
	failed         <-chan error
}

// start fills the container, attaches to it and starts it, in this order, so
// that nothing of its output is missed.
func (r *run) start(ctx context.Context, folder string, archive func(io.Writer) error) error {
	api := r.client.api
	if archive != nil {
		if err := r.client.unpack(ctx, r.id, folder, archive); err != nil {
			return err
		}
	}
	var err error
	r.stream, err = api.ContainerAttach(ctx, r.id, container.AttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return fmt.Errorf("attach to the container: %w", r.client.unavailable(err))
	}
	// ctx must not end the wait: it is what tells that the container is gone.
	r.ended, r.failed = api.ContainerWait(context.WithoutCancel(ctx), r.id, container.WaitConditionRemoved)
	if err := api.ContainerStart(ctx, r.id, container.StartOptions{}); err != nil {
		r.stream.Close()
		return fmt.Errorf("start the container: %w", r.client.unavailable(err))
	}
	r.copied = make(chan error, 1)
	go func() {
		_, err := stdcopy.StdCopy(&r.stdout, r.report, r.stream.Reader)
		r.copied <- err
	}()
	return nil
}

// wait follows the container to its end.
func (r *run) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		r.stream.Close()
		return errors.Join(context.Cause(ctx), r.remove(ctx))
	case e := <-r.ended:
		copyErr := <-r.copied
		r.copied <- nil
		if err := r.report.exitError(int(e.StatusCode), r.stdout.found || r.stderr.found); err != nil {
			return err
		}
		if copyErr != nil {
			return fmt.Errorf("read what the container writes: %w", copyErr)
		}
		return nil
	case err := <-r.failed:
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), r.remove(ctx))
		}
		if unreachable(err) {
			return hint.Errorf("start it again, and try again",
				"%w at %s any more: it went away while a container ran", ErrUnavailable, r.client.Host())
		}
		return errors.Join(runError(ctx, r.client.unavailable(err)), r.remove(ctx))
	}
}

// remove ends and removes the container, also when ctx is done.
func (r *run) remove(ctx context.Context) error {
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	if err := r.client.Remove(whole, r.id); err != nil {
		return err
	}
	if r.ended == nil {
		return nil
	}
	select {
	case <-r.ended:
	case <-r.failed:
	case <-whole.Done():
	}
	return nil
}

// runError recognises in the daemon's words what a caller wants to know.
func runError(ctx context.Context, err error) error {
	text := err.Error()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case diskFull(err):
		return hint.Errorf("make room there, such as with 'docker system prune' or 'wasmctl prune --builders'",
			"%w: %w", ErrDiskFull, err)
	case strings.Contains(text, "bind source path does not exist"),
		strings.Contains(text, "statfs") && strings.Contains(text, "no such file or directory"):
		return fmt.Errorf("%w: %w", ErrNoFolder, err)
	case strings.Contains(text, `"/bin/sh"`) && strings.Contains(text, "no such file"):
		return hint.Errorf("use an image that has /bin/sh", "the image has no shell: %w", err)
	}
	return err
}
