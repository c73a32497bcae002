package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/progress"
)

const (
	// inMemory is up to which size a blob is read and checked before it is
	// sent. It can then be sent again when the registry fails.
	inMemory = 32 << 20
	// alreadyThere is the remark for a blob that need not be transferred.
	alreadyThere = "exists already"
)

// Push sends the image that src names in the store to the registry, under dst.
// Blobs that the registry has are not sent again, and every blob is checked
// against its digest. It reports one task a blob. A digest in dst must be that
// of the image.
func (c *Client) Push(ctx context.Context, s *Store, src, dst Reference, report progress.Func) (Image, error) {
	if err := dst.needRegistry(); err != nil {
		return Image{}, err
	}
	e, err := s.find(src)
	if err != nil {
		return Image{}, err
	}
	opened, err := artifact.Open(ctx, s.blobs, e.desc)
	if err != nil {
		return Image{}, s.explain(src, err)
	}
	if dst.Digest != "" && dst.Digest != Digest(opened.Descriptor.Digest) {
		return Image{}, hint.Errorf("leave the digest out, or push what has it",
			"push %s: %w: the image %s has digest %s", dst, ErrDigest, src, opened.Descriptor.Digest)
	}
	repo, err := c.repository(ctx, dst)
	if err != nil {
		return Image{}, c.explain(ctx, "push", dst, err)
	}
	p := &pusher{client: c, store: s, repo: repo, src: src, report: report}
	if err := p.push(ctx, opened, dst); err != nil {
		return Image{}, c.explain(ctx, "push", dst, err)
	}
	image := e.image(opened)
	if image.ModuleSHA256 == "" {
		if _, image, err = s.load(ctx, e); err != nil {
			return Image{}, err
		}
	}
	image.Ref = dst.String()
	return image, nil
}

// pusher is one push.
type pusher struct {
	client *Client
	store  *Store
	repo   *remote.Repository
	src    Reference
	report progress.Func
}

// push sends the blobs, several at once, and then the manifest, because a
// registry takes no manifest whose blobs it does not have.
func (p *pusher) push(ctx context.Context, image *artifact.Image, dst Reference) error {
	// One token for all requests, instead of one that turns out too weak.
	ctx = auth.AppendRepositoryScope(ctx, p.repo.Reference, auth.ActionPull, auth.ActionPush)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(p.client.options.Concurrency)
	for _, desc := range image.Blobs {
		group.Go(func() error { return p.blob(groupCtx, desc) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	name := dst.Tag
	if name == "" {
		name = dst.target()
	}
	desc := image.Descriptor
	task := taskName("push", desc)
	end := p.report.Start(task, desc.Size)
	err := p.repo.Manifests().PushReference(ctx, desc, bytes.NewReader(image.Manifest), name)
	if err != nil {
		err = &manifestError{mediaType: desc.MediaType, err: err}
	}
	end(err)
	return err
}

// manifestError is a manifest that the registry did not take.
type manifestError struct {
	mediaType string
	err       error
}

func (e *manifestError) Error() string { return e.err.Error() }
func (e *manifestError) Unwrap() error { return e.err }

func (p *pusher) blob(ctx context.Context, desc ocispec.Descriptor) error {
	task := taskName("push", desc)
	p.report.Report(progress.Event{Task: task, State: progress.Started, Total: desc.Size})
	message, err := p.send(ctx, desc, task)
	finish(p.report, task, desc.Size, message, err)
	return err
}

func (p *pusher) send(ctx context.Context, desc ocispec.Descriptor, task string) (message string, err error) {
	exists, err := p.repo.Blobs().Exists(ctx, desc)
	if err != nil {
		return "", err
	}
	if exists {
		return alreadyThere, nil
	}
	blob, err := p.read(ctx, desc)
	if err != nil {
		return "", err
	}
	if closer, ok := blob.(io.Closer); ok {
		defer closer.Close()
	}
	ctx = withTransfer(ctx, transfer{report: p.report, task: task, total: desc.Size})
	return "", p.repo.Blobs().Push(ctx, desc, blob)
}

// read returns a blob of the store, which is checked before it is sent if it
// is small, and otherwise while it is sent.
func (p *pusher) read(ctx context.Context, desc ocispec.Descriptor) (io.Reader, error) {
	if desc.Size <= inMemory {
		b, err := artifact.ReadBlob(ctx, p.store.blobs, desc)
		if err != nil {
			return nil, p.store.explain(p.src, err)
		}
		return bytes.NewReader(b), nil
	}
	rc, err := p.store.blobs.Fetch(ctx, desc)
	if err != nil {
		return nil, p.store.explain(p.src, &artifact.BlobError{Descriptor: desc, Err: err})
	}
	return &checkedBlob{VerifyReader: content.NewVerifyReader(rc, desc), Closer: rc, damaged: func(err error) error {
		return p.store.explain(p.src, &artifact.BlobError{Descriptor: desc, Err: err})
	}}, nil
}

// checkedBlob is a blob that fails at its end when it is not what it should be.
type checkedBlob struct {
	*content.VerifyReader
	io.Closer
	damaged func(error) error
}

func (b *checkedBlob) Read(p []byte) (int, error) {
	n, err := b.VerifyReader.Read(p)
	if errors.Is(err, io.EOF) {
		if wrong := b.Verify(); wrong != nil {
			return n, b.damaged(wrong)
		}
	}
	return n, err
}

// taskName names the transfer of a blob for people: "push filter.wasm 0123456789ab".
func taskName(verb string, desc ocispec.Descriptor) string {
	name := desc.Annotations[ocispec.AnnotationTitle]
	switch {
	case name != "":
	case desc.MediaType == ocispec.MediaTypeImageManifest:
		name = "manifest"
	default:
		name = "blob"
	}
	return fmt.Sprintf("%s %s %.12s", verb, name, desc.Digest.Encoded())
}

// finish reports the end of a task.
func finish(report progress.Func, task string, total int64, message string, err error) {
	e := progress.Event{Task: task, State: progress.Done, Current: total, Total: total, Message: message}
	if err != nil {
		e.State, e.Current, e.Message = progress.Failed, 0, err.Error()
	}
	report.Report(e)
}
