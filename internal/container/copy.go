package container

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// File is a file for a container.
type File struct {
	// Name is relative to the folder it is copied to.
	Name    string
	Content []byte
}

// Copy puts files, readable by everyone, into a folder of a container. It works
// with daemons on other machines, which cannot mount this machine's files.
func (c *Client) Copy(ctx context.Context, id, folder string, files []File) error {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range files {
		header := &tar.Header{Name: f.Name, Mode: 0o644, Size: int64(len(f.Content)), ModTime: time.Now()}
		if err := w.WriteHeader(header); err != nil {
			return fmt.Errorf("copy %s: %w", f.Name, err)
		}
		if _, err := w.Write(f.Content); err != nil {
			return fmt.Errorf("copy %s: %w", f.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := c.api.CopyToContainer(ctx, id, folder, &archive, container.CopyToContainerOptions{}); err != nil {
		return fmt.Errorf("copy files into the container: %w", err)
	}
	return nil
}

// unpack unpacks an archive that is written meanwhile into a folder of a container.
func (c *Client) unpack(ctx context.Context, id, folder string, archive func(io.Writer) error) error {
	r, w := io.Pipe()
	go func() { w.CloseWithError(archive(w)) }()
	err := c.api.CopyToContainer(ctx, id, folder, r, container.CopyToContainerOptions{})
	r.CloseWithError(err)
	if err != nil {
		return fmt.Errorf("copy files into the container: %w", err)
	}
	return nil
}

// Logs writes what the program has written and writes, stdout and stderr, until
// it ends or ctx is done.
func (c *Client) Logs(ctx context.Context, id string, to io.Writer) error {
	stream, err := c.api.ContainerLogs(ctx, id, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: true,
	})
	if err != nil {
		return c.unavailable(err)
	}
	defer stream.Close()
	_, err = stdcopy.StdCopy(to, to, stream)
	if ctx.Err() != nil {
		return nil
	}
	return err
}
