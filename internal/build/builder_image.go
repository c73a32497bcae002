package build

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/version"
)

// dockerfiles are those of the built-in builder images, one a language.
//
//go:embed builders/*.Dockerfile
var dockerfiles embed.FS

// defaultBase is the image under the built-in builder images.
const defaultBase = "debian:trixie-slim"

// builtIn describes the built-in builder image. Its tag is a digest of what it
// is made from, so that a later wasmctl with another Dockerfile makes another.
func (b *builder) builtIn() container.ImageSpec {
	base := b.options.Container.Base
	if base == "" {
		base = defaultBase
	}
	text, err := dockerfiles.ReadFile(path.Join("builders", b.recipe.name+".Dockerfile"))
	if err != nil {
		text = nil // makeImage says so
	}
	s := container.ImageSpec{Args: map[string]string{"BASE": base}}
	if len(text) > 0 {
		s.Dockerfile = b.labelled(string(text)) + b.cacheFolders()
	}
	digest := sha256.Sum256([]byte(s.Dockerfile + "\x00" + base))
	s.Name = "wasmctl-builder/" + b.recipe.name + ":" + hex.EncodeToString(digest[:6])
	s.Labels = b.labels()
	return s
}

// labelled adds our label as the first instruction: so the layers have it too
// that remain of a build that fails.
func (b *builder) labelled(dockerfile string) string {
	head, rest, found := strings.Cut(dockerfile, "\nFROM ${BASE}\n")
	if !found {
		return dockerfile
	}
	return head + "\nFROM ${BASE}\nLABEL " + BuilderLabel + "=" + b.recipe.name + "\n" + rest
}

// cacheFolders is the last instruction of a builder image. An empty volume takes
// over the mode of the folder on which it is mounted the first time, so any user
// may write into these.
func (b *builder) cacheFolders() string {
	if len(b.recipe.caches) == 0 {
		return ""
	}
	return "RUN install -d -m 1777 " + strings.Join(b.cachePaths(), " ") + "\n"
}

// labels are on all that is made for the language.
func (b *builder) labels() map[string]string {
	return map[string]string{BuilderLabel: b.recipe.name, versionLabel: version.Get().Version}
}

// ensureImage makes sure that the daemon has the builder image, and returns its
// id. It is made, or pulled when it is the user's own, the first time.
func (b *builder) ensureImage(ctx context.Context) (string, error) {
	begin := time.Now()
	o := b.options.Container
	if !o.NoCache && !o.Pull {
		if found, err := b.client.Image(ctx, b.image()); err != nil || found != nil {
			return imageID(found), containerError(ctx, err)
		}
	}
	unlock, err := b.lockImage(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	found, err := b.client.Image(ctx, b.image())
	if err != nil {
		return "", containerError(ctx, err)
	}
	// Another build may have made it meanwhile, also anew.
	if found != nil && (!o.NoCache && !o.Pull || found.Created.After(begin)) {
		return found.ID, nil
	}
	if err := b.makeImage(ctx, found != nil); err != nil {
		return "", containerError(ctx, err)
	}
	before := imageID(found)
	if found, err = b.client.Image(ctx, b.image()); err == nil && found == nil {
		err = fmt.Errorf("the daemon does not have the image %s that it has just made", b.image())
	}
	if err == nil && before != "" && before != found.ID && o.Image == "" {
		// Nothing has its name any more. One that is still in use stays for prune.
		_ = b.client.RemoveObject(ctx, container.Object{Kind: container.KindImage, ID: before})
	}
	return imageID(found), containerError(ctx, err)
}

func imageID(found *container.ImageInfo) string {
	if found == nil {
		return ""
	}
	return found.ID
}

// containerError marks an error as none of the compiler's.
func containerError(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return &ContainerError{err}
}

// makeImage builds the built-in image, or pulls that of the user.
func (b *builder) makeImage(ctx context.Context, anew bool) error {
	o := b.options.Container
	if o.Image != "" {
		if anew && !o.Pull {
			return nil // --no-cache has no meaning for it
		}
		return b.client.PullImage(ctx, o.Image, b.progress)
	}
	s := b.builtIn()
	if s.Dockerfile == "" {
		return hint.Errorf("name an image with --builder-image", "there is no built-in builder image for %s", b.recipe.name)
	}
	s.NoCache, s.Pull = o.NoCache, o.Pull
	for name, value := range b.proxies() {
		s.Args[name] = value
	}
	if !anew {
		b.notice("Making the builder image for %s, %s: this takes a minute or two, once.", b.recipe.name, s.Name)
	}
	err := b.client.BuildImage(ctx, s, b.progress)
	var failed *container.ImageError
	if errors.As(err, &failed) {
		b.showOutput(failed.Output)
		next := "packages come from the network: check it, set https_proxy behind a proxy, or name another --base-image"
		if len(failed.Output) > 0 {
			next = "its last lines are above; " + next
		}
		return hint.Wrap(err, next)
	}
	return err
}

// showOutput prints the last lines of an image's build.
func (b *builder) showOutput(lines []string) {
	if b.stderr == nil {
		return
	}
	for _, line := range lines {
		fmt.Fprintln(b.stderr, "  "+line) //nolint:errcheck // the error follows anyway
	}
}

// lockImage keeps two builds from making the same image at once.
func (b *builder) lockImage(ctx context.Context) (unlock func(), err error) {
	dir, err := b.stateDir()
	if err != nil {
		return nil, err
	}
	l := flock.New(filepath.Join(dir, strings.NewReplacer("/", "-", ":", "-").Replace(b.image())+".lock"))
	if _, err := l.TryLockContext(ctx, lockPoll); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("lock the builder image %s: %w", b.image(), err)
	}
	return func() { _ = l.Close() }, nil
}

// stateDir makes and returns the folder of what is remembered.
func (b *builder) stateDir() (string, error) {
	dir := b.options.Container.State
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", hint.Wrap(fmt.Errorf("the user's cache folder: %w", err), "set WASMCTL_HOME to a folder that may be written to")
		}
		dir = filepath.Join(base, "wasmctl", "builders")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", hint.Wrap(err, "set WASMCTL_HOME to a folder that may be written to")
	}
	return dir, nil
}
