package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/progress"
)

// HasImage tells whether the daemon holds the image.
func (c *Client) HasImage(ctx context.Context, reference string) (bool, error) {
	_, err := c.api.ImageInspect(ctx, reference)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, c.unavailable(err)
	}
	return true, nil
}

// EnsureImage pulls the image unless the daemon holds it.
func (c *Client) EnsureImage(ctx context.Context, reference string, report progress.Func) error {
	has, err := c.HasImage(ctx, reference)
	if has || err != nil {
		return err
	}
	return c.PullImage(ctx, reference, report)
}

// PullImage gets the image from its registry, a newer one also when the daemon
// holds one of that name.
func (c *Client) PullImage(ctx context.Context, reference string, report progress.Func) error {
	task := "pull " + reference
	end := report.Start(task, 0)
	err := c.pull(ctx, reference, report, task)
	end(err)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return hint.Errorf("check the name and the network, or name another image that the daemon can get",
			"pull image %s: %w", reference, err)
	}
	return nil
}

func (c *Client) pull(ctx context.Context, reference string, report progress.Func, task string) error {
	stream, err := c.api.ImagePull(ctx, reference, image.PullOptions{})
	if err != nil {
		return err
	}
	defer stream.Close()
	return readPull(stream, report, task)
}

// pullMessage is one line of what the daemon says during a pull.
type pullMessage struct {
	ID             string `json:"id"`
	Status         string `json:"status"`
	Error          string `json:"error"`
	ProgressDetail struct {
		Current int64 `json:"current"`
		Total   int64 `json:"total"`
	} `json:"progressDetail"`
}

// readPull follows a pull to its end and reports the bytes of all layers
// together.
func readPull(stream io.Reader, report progress.Func, task string) error {
	messages := json.NewDecoder(stream)
	layers := map[string]pullMessage{}
	for {
		var m pullMessage
		if err := messages.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the daemon's answer: %w", err)
		}
		if m.Error != "" {
			return errors.New(m.Error)
		}
		if m.Status != "Downloading" || m.ProgressDetail.Total <= 0 {
			continue
		}
		layers[m.ID] = m
		e := progress.Event{Task: task, State: progress.Running}
		for _, layer := range layers {
			e.Current += layer.ProgressDetail.Current
			e.Total += layer.ProgressDetail.Total
		}
		report.Report(e)
	}
}
