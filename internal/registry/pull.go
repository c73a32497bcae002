package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/progress"
)

// downloads is how often a blob is fetched whose connection drops.
const downloads = 3

// Pull fetches an image from its registry into the store, where it then has
// that reference. Blobs that the store has are not fetched again, if they are
// intact. Of an index it takes the one image that holds the module. What holds
// no module is refused before any layer is fetched. It reports one task a blob.
func (c *Client) Pull(ctx context.Context, s *Store, ref Reference, report progress.Func) (Image, error) {
	repo, err := c.repository(ctx, ref)
	if err != nil {
		return Image{}, c.explain(ctx, "pull", ref, err)
	}
	ctx = auth.AppendRepositoryScope(ctx, repo.Reference, auth.ActionPull)
	p := &puller{client: c, repo: repo, report: report}
	opened, err := p.open(ctx, ref)
	if err != nil {
		return Image{}, c.explain(ctx, "pull", ref, p.tags(ctx, err))
	}
	return s.write(ctx, ref, func(w *writer) (ocispec.Descriptor, error) {
		if err := p.fetch(ctx, w, opened); err != nil {
			return ocispec.Descriptor{}, c.explain(ctx, "pull", ref, err)
		}
		return opened.Descriptor, nil
	})
}

// puller is one pull.
type puller struct {
	client *Client
	repo   *remote.Repository
	report progress.Func
}

// open reads the manifest in one request, and in a second one if it is an index.
func (p *puller) open(ctx context.Context, ref Reference) (*artifact.Image, error) {
	root, rc, err := p.repo.Manifests().FetchReference(ctx, ref.target())
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	if ref.Digest != "" && ref.Digest != Digest(root.Digest) {
		return nil, fmt.Errorf("%w: asked for %s, got %s", ErrDigest, ref.Digest, root.Digest)
	}
	if root.Size > artifact.MaxManifest {
		return nil, fmt.Errorf("a manifest of %d bytes: %w", root.Size, artifact.ErrTooLarge)
	}
	return artifact.Open(ctx, first{Fetcher: p.repo, desc: root, rc: rc}, root)
}

// first is a fetcher that has the first answer already.
type first struct {
	content.Fetcher
	desc ocispec.Descriptor
	rc   io.ReadCloser
}

func (f first) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	if content.Equal(desc, f.desc) {
		return f.rc, nil
	}
	return f.Fetcher.Fetch(ctx, desc)
}

// fetch fetches the blobs, several at once, and stores the manifest.
func (p *puller) fetch(ctx context.Context, w *writer, image *artifact.Image) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(p.client.options.Concurrency)
	for _, desc := range image.Blobs {
		group.Go(func() error {
			task := taskName("pull", desc)
			p.report.Report(progress.Event{Task: task, State: progress.Started, Total: desc.Size})
			message, err := p.blob(groupCtx, w, desc, task)
			finish(p.report, task, desc.Size, message, err)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return w.pushBytes(ctx, image.Descriptor, image.Manifest)
}

func (p *puller) blob(ctx context.Context, w *writer, desc ocispec.Descriptor, task string) (message string, err error) {
	if w.has(desc) {
		return alreadyThere, nil
	}
	ctx = withTransfer(ctx, transfer{report: p.report, task: task, total: desc.Size})
	for attempt := 1; ; attempt++ {
		err := p.download(ctx, w, desc)
		if err == nil || attempt == downloads || !dropped(err) {
			return "", err
		}
	}
}

func (p *puller) download(ctx context.Context, w *writer, desc ocispec.Descriptor) error {
	rc, err := p.repo.Blobs().Fetch(ctx, desc)
	if err != nil {
		return err
	}
	defer rc.Close()
	err = w.Push(ctx, desc, rc)
	if err == nil || errors.Is(err, errdef.ErrAlreadyExists) {
		return nil
	}
	return fmt.Errorf("layer %s: %w", desc.Digest, err)
}

// maxTags is how many tags an error about an unknown tag names.
const maxTags = 10

// errEnough ends the listing of tags.
var errEnough = errors.New("enough")

// unknownTagError is a tag that a repository does not have.
type unknownTagError struct {
	err  error
	tags []string
}

func (e *unknownTagError) Error() string { return e.err.Error() }
func (e *unknownTagError) Unwrap() error { return e.err }

// tags adds to an error about an unknown tag those that there are: the answer
// to a request for a manifest does not tell whether it is the name or the tag
// that is unknown.
func (p *puller) tags(ctx context.Context, err error) error {
	if !errors.Is(err, errdef.ErrNotFound) {
		return err
	}
	unknown := &unknownTagError{err: err}
	failed := p.repo.Tags(ctx, "", func(tags []string) error {
		unknown.tags = slices.Clone(tags)
		return errEnough
	})
	if !errors.Is(failed, errEnough) || len(unknown.tags) == 0 {
		return err
	}
	return unknown
}
