package scaffold

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

const (
	suffix     = ".tmpl"
	partSuffix = ".part" + suffix
	dotPrefix  = "dot_"
	fileMode   = fs.FileMode(0o644)
	execMode   = fs.FileMode(0o755)
)

// What a template may hold at most. Nobody starts a filter from more.
const (
	maxFiles    = 1000
	maxFileSize = 8 << 20
	maxTotal    = 32 << 20
	// maxPieces bounds the texts of all FILE.part.tmpl together: each file is
	// rendered with all of them.
	maxPieces = 1 << 20
)

// file is one file of a template.
type file struct {
	// path is relative to the template, with slashes; mode is fileMode or execMode.
	path    string
	mode    fs.FileMode
	content []byte
	// layer tells which layer of a built-in template the file is from, and is
	// part of its name in messages. A user's template has one layer, "".
	layer string
}

func (f *file) isPart() bool     { return strings.HasSuffix(f.path, partSuffix) }
func (f *file) isTemplate() bool { return strings.HasSuffix(f.path, suffix) }
func (f *file) name() string     { return path.Join(f.layer, f.path) }

// modeOf is the mode of a file in the project, for its mode in the template: that
// it can be executed is kept.
func modeOf(mode fs.FileMode) fs.FileMode {
	if mode&0o111 != 0 {
		return execMode
	}
	return fileMode
}

// targetOf is the path in the project of a file in a template. __KEY__ in it
// stands for the word of that key; one that is no key stays.
func targetOf(source string, words map[string]string) string {
	elements := strings.Split(strings.TrimSuffix(source, suffix), "/")
	for i, e := range elements {
		if rest, ok := strings.CutPrefix(e, dotPrefix); ok {
			e = "." + rest
		}
		elements[i] = fill(e, words)
	}
	return strings.Join(elements, "/")
}

const wordMark = "__"

// fill puts the words into the name of a file or a folder.
func fill(name string, words map[string]string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(name, wordMark)
		key, after, closed := strings.Cut(rest, wordMark)
		word, known := words[key]
		switch {
		case !ok || !closed:
			return b.String() + name
		case known:
			b.WriteString(before + word)
			name = after
		default:
			b.WriteString(before + wordMark)
			name = rest
		}
	}
}

// budget counts what is read of a template.
type budget struct {
	ctx                  context.Context //nolint:containedctx // for the length of one call
	files, total, pieces int64
}

// add counts a file that is about to be read.
func (b *budget) add(name string, size int64) error {
	b.files++
	b.total += size
	if strings.HasSuffix(name, partSuffix) {
		b.pieces += size
	}
	var err error
	switch {
	case b.ctx.Err() != nil:
		return context.Cause(b.ctx)
	case size > maxFileSize:
		err = fmt.Errorf("%s is larger than %d MiB", name, maxFileSize>>20)
	case b.files > maxFiles:
		err = fmt.Errorf("the template has more than %d files", maxFiles)
	case b.total > maxTotal:
		err = fmt.Errorf("the template is larger than %d MiB", maxTotal>>20)
	case b.pieces > maxPieces:
		err = fmt.Errorf("the files %s are larger than %d KiB together", "*"+partSuffix, maxPieces>>10)
	}
	return hint.Wrap(err, "keep what a new project does not need out of the template's folder")
}

// sorted puts the later layers behind the earlier ones and the files of each in
// the order of their paths: the result must not depend on a file system.
func sorted(files []file) []file {
	slices.SortStableFunc(files, func(a, b file) int {
		if a.layer != b.layer {
			return 0
		}
		return strings.Compare(a.path, b.path)
	})
	return files
}
