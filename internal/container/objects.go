package container

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/volume"
)

// ImageInfo is what a daemon knows of an image.
type ImageInfo struct {
	// ID is the digest of its configuration: sha256:...
	ID      string
	Created time.Time
	Labels  map[string]string
}

// Image looks an image up. It returns nil when the daemon has none of that name.
func (c *Client) Image(ctx context.Context, name string) (*ImageInfo, error) {
	found, err := c.api.ImageInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, c.unavailable(err)
	}
	info := &ImageInfo{ID: found.ID}
	info.Created, _ = time.Parse(time.RFC3339Nano, found.Created) // the zero time is older than any
	if found.Config != nil {
		info.Labels = found.Config.Labels
	}
	return info, nil
}

// EnsureVolume creates a volume unless there is one of that name.
func (c *Client) EnsureVolume(ctx context.Context, name string, labels map[string]string) error {
	if _, err := c.api.VolumeCreate(ctx, volume.CreateOptions{Name: name, Labels: labels}); err != nil {
		return fmt.Errorf("create volume %s: %w", name, runError(ctx, c.unavailable(err)))
	}
	return nil
}

// Kind is a kind of thing that a daemon keeps.
type Kind string

// The kinds.
const (
	KindContainer Kind = "container"
	KindImage     Kind = "image"
	KindVolume    Kind = "volume"
)

// Object is a thing that a daemon keeps.
type Object struct {
	Kind Kind `json:"kind"`
	// Name is what a person calls it, ID what the daemon does.
	Name string `json:"name"`
	ID   string `json:"id"`
	// Size is in bytes; -1 is unknown. An image counts without the layers that
	// it shares with others.
	Size int64 `json:"size"`
	// Busy is set for a container that runs, and for what one uses.
	Busy    bool              `json:"busy,omitempty"`
	Created time.Time         `json:"created,omitzero"`
	Labels  map[string]string `json:"labels,omitempty"`
}

// Objects returns everything that carries the label: the containers, then the
// images, then the volumes, which is the order in which they can be removed.
func (c *Client) Objects(ctx context.Context, label string) ([]Object, error) {
	labelled := filters.NewArgs(filters.Arg("label", label))
	busy, err := c.busy(ctx)
	if err != nil {
		return nil, err
	}
	containers, err := c.api.ContainerList(ctx, container.ListOptions{All: true, Size: true, Filters: labelled})
	if err != nil {
		return nil, c.unavailable(err)
	}
	images, err := c.api.ImageList(ctx, image.ListOptions{Filters: labelled})
	if err != nil {
		return nil, c.unavailable(err)
	}
	volumes, err := c.api.VolumeList(ctx, volume.ListOptions{Filters: labelled})
	if err != nil {
		return nil, c.unavailable(err)
	}
	var all []Object
	for i := range containers {
		all = append(all, containerObject(&containers[i]))
	}
	for i := range images {
		all = append(all, imageObject(&images[i], busy[images[i].ID]))
	}
	for _, found := range volumes.Volumes {
		all = append(all, volumeObject(found, busy[found.Name]))
	}
	c.measure(ctx, all)
	return all, nil
}

// busy returns the images and volumes that running containers use.
func (c *Client) busy(ctx context.Context) (map[string]bool, error) {
	containers, err := c.api.ContainerList(ctx, container.ListOptions{})
	if err != nil {
		return nil, c.unavailable(err)
	}
	busy := map[string]bool{}
	for i := range containers {
		busy[containers[i].ImageID] = true
		for _, m := range containers[i].Mounts {
			busy[m.Name] = true
		}
	}
	return busy, nil
}

// measure fills in what only the report on disk usage knows: what an image
// shares with others, and the sizes of volumes. An engine without it leaves the
// sizes as they are.
func (c *Client) measure(ctx context.Context, all []Object) {
	usage, err := c.api.DiskUsage(ctx, types.DiskUsageOptions{})
	if err != nil {
		return
	}
	shared, sizes := map[string]int64{}, map[string]int64{}
	for _, i := range usage.Images {
		shared[i.ID] = max(i.SharedSize, 0)
	}
	for _, v := range usage.Volumes {
		if v.UsageData != nil {
			sizes[v.Name] = v.UsageData.Size
		}
	}
	for i := range all {
		switch o := &all[i]; o.Kind {
		case KindImage:
			o.Size -= shared[o.ID]
		case KindVolume:
			if size, ok := sizes[o.ID]; ok {
				o.Size = size
			}
		case KindContainer: // its size is in the list
		}
	}
}

func containerObject(found *container.Summary) Object {
	o := Object{
		Kind: KindContainer, ID: found.ID, Name: found.ID[:12], Size: found.SizeRw, Labels: found.Labels,
		Busy: running(found.State), Created: time.Unix(found.Created, 0),
	}
	if len(found.Names) > 0 {
		o.Name = strings.TrimPrefix(found.Names[0], "/")
	}
	return o
}

func running(state container.ContainerState) bool {
	return slices.Contains([]container.ContainerState{
		container.StateRunning, container.StatePaused, container.StateRestarting, container.StateRemoving,
	}, state)
}

func imageObject(found *image.Summary, busy bool) Object {
	o := Object{
		Kind: KindImage, ID: found.ID, Name: found.ID, Size: found.Size, Labels: found.Labels,
		Busy: busy, Created: time.Unix(found.Created, 0),
	}
	if len(found.RepoTags) > 0 && found.RepoTags[0] != "<none>:<none>" {
		o.Name = found.RepoTags[0]
	}
	return o
}

func volumeObject(found *volume.Volume, busy bool) Object {
	o := Object{Kind: KindVolume, ID: found.Name, Name: found.Name, Size: -1, Labels: found.Labels, Busy: busy}
	o.Created, _ = time.Parse(time.RFC3339, found.CreatedAt) // unknown when it cannot be read
	return o
}

// RemoveObject removes what Objects found. It is no error when it is gone already.
func (c *Client) RemoveObject(ctx context.Context, o Object) error {
	var err error
	switch o.Kind {
	case KindContainer:
		err = c.Remove(ctx, o.ID)
	case KindImage:
		_, err = c.api.ImageRemove(ctx, o.ID, image.RemoveOptions{Force: true, PruneChildren: true})
	case KindVolume:
		err = c.api.VolumeRemove(ctx, o.ID, false)
	}
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	return fmt.Errorf("remove %s %s: %w", o.Kind, o.Name, err)
}

// Sweep removes the containers with the label that do not run and are older than
// age: what remains when a process was killed between the creation of a
// container and its start.
func (c *Client) Sweep(ctx context.Context, label string, age time.Duration) error {
	found, err := c.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
		filters.Arg("label", label), filters.Arg("status", "created"), filters.Arg("status", "exited"),
	)})
	if err != nil {
		return c.unavailable(err)
	}
	for _, f := range found {
		if time.Since(time.Unix(f.Created, 0)) > age {
			if err := c.Remove(ctx, f.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
