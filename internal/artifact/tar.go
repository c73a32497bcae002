package artifact

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/klauspost/compress/gzip"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
)

const (
	// maxUnpacked bounds what a layer may unpack to: a module and its headers.
	maxUnpacked = MaxSize + 1<<20
	// maxNames bounds the file names that an error lists.
	maxNames = 20
)

// readTar returns plugin.wasm, in any folder, from a tar layer, or else the
// only *.wasm file in it. It returns nil and the names of files when the layer
// has neither. The layer is read to its end, so that its digest is checked
// before anything of it is used.
func readTar(ctx context.Context, src content.Fetcher, layer ocispec.Descriptor) (module []byte, names []string, err error) {
	rc, err := src.Fetch(ctx, layer)
	if err != nil {
		return nil, nil, err
	}
	defer rc.Close()
	verified := content.NewVerifyReader(rc, layer)
	module, names, err = findModule(verified, layer.MediaType)
	// A wrong digest explains whatever else is wrong with the archive.
	if _, rest := io.Copy(io.Discard, verified); rest != nil {
		return nil, nil, rest
	}
	if wrong := verified.Verify(); wrong != nil {
		return nil, nil, wrong
	}
	return module, names, err
}

func findModule(r io.Reader, mediaType string) (module []byte, names []string, err error) {
	if _, gzipped := isTar(mediaType); gzipped {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, fmt.Errorf("unpack: %w", err)
		}
		defer z.Close()
		r = z
	}
	archive := tar.NewReader(&bounded{r: r, left: maxUnpacked})
	candidates := 0
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, names, fmt.Errorf("unpack: %w", err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if len(names) < maxNames {
			names = append(names, header.Name)
		}
		if path.Base(header.Name) == pluginFile {
			b, err := readFile(archive, header.Size)
			return b, names, err
		}
		if path.Ext(header.Name) != ".wasm" {
			continue
		}
		if candidates++; candidates == 1 {
			if module, err = readFile(archive, header.Size); err != nil {
				return nil, names, err
			}
		}
	}
	if candidates > 1 {
		return nil, names, nil
	}
	return module, names, nil
}

// readFile reads the current file. The size that its header claims is checked
// first and then not trusted for more than a first buffer.
func readFile(r io.Reader, size int64) ([]byte, error) {
	if size > MaxSize {
		return nil, ErrTooLarge
	}
	var b bytes.Buffer
	b.Grow(int(min(size, 8<<20)) + bytes.MinRead)
	if _, err := b.ReadFrom(r); err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return b.Bytes(), nil
}

// bounded is a reader that fails with ErrTooLarge after a number of bytes, so
// that a small layer cannot unpack to a large one.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrTooLarge
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
