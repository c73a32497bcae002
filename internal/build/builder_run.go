package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/wasmctl/wasmctl/internal/container"
)

// Places in a builder container.
const (
	// rootPath is where the folders of this machine are, each at its own path
	// below it, so that what leads from one to the other still does.
	rootPath = "/wasmctl/root"
	// outPath is the folder that receives the module.
	outPath = "/wasmctl/out"
	// cachePath is the folder of the caches, each a volume.
	cachePath = "/wasmctl/cache"
	// tempPath is a folder in memory.
	tempPath = "/tmp"
	// caPath is the bundle of certificates.
	caPath = rootPath + "/.wasmctl-ca.pem"
)

// staleAge is how old a container that does not run must be to count as
// forgotten.
const staleAge = 10 * time.Minute

// The codes with which the script around a step says why it did not run it.
const (
	codeNotWritable = 251 // a cache is not the user's to write to
	codeNotFetched  = 252 // the dependencies are not in the caches
)

// run carries out the recipe. As a rule that is one container: whether the
// dependencies are there, and the caches writable, is found out in it.
func (b *builder) run(ctx context.Context, out, temp string) error {
	err := b.attempt(ctx, out, temp)
	if errors.Is(err, container.ErrNoFolder) && !b.copies {
		b.notice("The container engine does not see %s: copying the sources into the container.", b.project.Dir)
		b.copies = true
		err = b.attempt(ctx, out, temp)
	}
	return err
}

// attempts bounds how often a compile step is tried. Caches can be removed at any
// time, by a prune say, and each time something has to be done first.
const attempts = 5

// attempt runs the compile step, and before it what turns out to be missing.
func (b *builder) attempt(ctx context.Context, out, temp string) error {
	p, err := b.plan(ctx)
	if err != nil {
		return err
	}
	r := &stepRun{builder: b, plan: p, out: out, temp: temp}
	for range attempts {
		if err := b.ensureVolumes(ctx); err != nil {
			return err
		}
		code, err := r.compile(ctx)
		switch {
		case err != nil || code == 0:
			return err
		case code == codeNotWritable:
			err = b.openCaches(ctx)
		case code == codeNotFetched:
			err = r.fetch(ctx)
		}
		if err != nil {
			return err
		}
	}
	return &ContainerError{fmt.Errorf("the cache volumes of %s cannot be used: remove them with 'wasmctl prune --builders'", b.recipe.name)}
}

// spec is what all containers of the builder have in common.
func (b *builder) spec() container.Spec {
	s := container.Spec{
		Image: b.image(), Labels: b.labels(), User: b.user(),
		Tmpfs:  map[string]int64{tempPath: b.memory() / 2},
		Memory: b.memory(), CPUs: b.options.Container.CPUs, PIDs: b.options.Container.PIDs,
		HostUsers: b.daemon.Remapped,
	}
	if s.PIDs == 0 {
		s.PIDs = DefaultPIDs
	}
	return s
}

func (b *builder) memory() int64 {
	if limit := b.options.Container.Memory; limit > 0 {
		return limit
	}
	return DefaultMemory
}

// user is who the container's programs are: the caller, so that the caller owns
// what they write. For a rootless engine the caller is root inside.
func (b *builder) user() string {
	switch uid := os.Getuid(); {
	case b.daemon.Rootless:
		return "0:0"
	case uid < 0: // Windows, where Docker's machine lets any user write
		return "1000:1000"
	default:
		return strconv.Itoa(uid) + ":" + strconv.Itoa(os.Getgid())
	}
}

// volume names a cache of the language. Each user has volumes of their own: what
// one writes another could not replace.
func (b *builder) volume(cache string) string {
	uid, _, _ := strings.Cut(b.user(), ":")
	return "wasmctl-cache-" + b.recipe.name + "-" + cache + "-" + uid
}

func (b *builder) cachePaths() []string {
	paths := make([]string, len(b.recipe.caches))
	for i, name := range b.recipe.caches {
		paths[i] = path.Join(cachePath, name)
	}
	return paths
}

func (b *builder) cacheMounts() []container.Mount {
	mounts := make([]container.Mount, len(b.recipe.caches))
	for i, name := range b.recipe.caches {
		mounts[i] = container.Mount{Volume: b.volume(name), Target: path.Join(cachePath, name), Labels: b.labels()}
	}
	return mounts
}

func (b *builder) ensureVolumes(ctx context.Context) error {
	for _, name := range b.recipe.caches {
		if err := b.client.EnsureVolume(ctx, b.volume(name), b.labels()); err != nil {
			return containerError(ctx, err)
		}
	}
	return nil
}

// openCaches lets every user write into the caches: a new volume is root's
// unless the image says otherwise, and an image of the user's says nothing.
func (b *builder) openCaches(ctx context.Context) error {
	s := b.spec()
	s.User, s.NoNetwork, s.Mounts = "0:0", true, b.cacheMounts()
	s.Command = append([]string{"chmod", "1777"}, b.cachePaths()...)
	if err := b.client.Run(ctx, s, container.IO{Stdout: b.stderr, Stderr: b.stderr}); err != nil {
		return containerError(ctx, fmt.Errorf("open the cache volumes of %s: %w", b.recipe.name, err))
	}
	return nil
}
