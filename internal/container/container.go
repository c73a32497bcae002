package container

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// createTimeout bounds the creation of a container, which must not be broken
// off half-way: nobody would know of the container.
const createTimeout = time.Minute

// Create creates a container and returns its id. When ctx is done meanwhile,
// nothing remains.
func (c *Client) Create(ctx context.Context, s Spec) (string, error) {
	config, host, err := s.docker()
	if err != nil {
		return "", err
	}
	return c.create(ctx, s.Name, config, host)
}

func (c *Client) create(ctx context.Context, name string, config *container.Config, host *container.HostConfig) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	made, err := c.api.ContainerCreate(whole, config, host, nil, nil, name)
	if err != nil {
		return "", fmt.Errorf("create the container: %w", c.unavailable(err))
	}
	if ctx.Err() != nil {
		return "", errors.Join(context.Cause(ctx), c.Remove(whole, made.ID))
	}
	return made.ID, nil
}

// Start starts a created container.
func (c *Client) Start(ctx context.Context, id string) error {
	return c.api.ContainerStart(ctx, id, container.StartOptions{})
}

// Published returns the addresses, host:port, at which the container's ports
// are reached.
func (c *Client) Published(ctx context.Context, id string) (map[uint16]string, error) {
	details, err := c.api.ContainerInspect(ctx, id)
	if err != nil {
		return nil, c.unavailable(err)
	}
	addresses := map[uint16]string{}
	for inside, bindings := range details.NetworkSettings.Ports {
		if len(bindings) > 0 {
			addresses[uint16(inside.Int())] = net.JoinHostPort(bindings[0].HostIP, bindings[0].HostPort)
		}
	}
	return addresses, nil
}

// Running tells whether the container, by id or name, exists and runs.
func (c *Client) Running(ctx context.Context, id string) (bool, error) {
	details, err := c.api.ContainerInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, c.unavailable(err)
	}
	return details.State != nil && details.State.Running, nil
}

// Wait blocks until the container has ended and returns its exit code.
func (c *Client) Wait(ctx context.Context, id string) (int, error) {
	ended, failed := c.api.ContainerWait(ctx, id, container.WaitConditionNotRunning)
	select {
	case e := <-ended:
		return int(e.StatusCode), nil
	case err := <-failed:
		return -1, err
	}
}

// Stop asks the program to end and kills it after the grace period.
func (c *Client) Stop(ctx context.Context, id string, grace time.Duration) error {
	seconds := int(grace.Seconds())
	err := c.api.ContainerStop(ctx, id, container.StopOptions{Timeout: &seconds})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// Remove removes the container, by id or name, running or not, with its folder.
// It is no error when there is none.
func (c *Client) Remove(ctx context.Context, id string) error {
	err := c.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) { // conflict: its removal is under way
		return nil
	}
	return err
}

// List returns the ids of all containers, running or not, that carry the label
// with that value.
func (c *Client) List(ctx context.Context, label, value string) ([]string, error) {
	found, err := c.api.ContainerList(ctx, container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", label+"="+value)),
	})
	if err != nil {
		return nil, c.unavailable(err)
	}
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	return ids, nil
}
