package proxywasm

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
)

// The cache of compiled code is a folder for each module, named by the module's
// SHA-256. In it wazero keeps its files, by its own version and the features of
// the processor. Beside each of them is a checksum: wazero checks the machine
// code alone, and trusts the tables around it.
const (
	sumSuffix = ".sum"
	tmpSuffix = ".tmp"
	// maxCacheEntries is how many modules are kept; the ones not used for the
	// longest time go.
	maxCacheEntries = 32
)

// cacheEntry is the folder of one module.
type cacheEntry struct {
	dir   string
	code  wazero.CompilationCache
	valid int // files that were there and whole
}

// openCacheEntry returns the entry of a module without what is damaged in it,
// or nil when the folder cannot be used.
func openCacheEntry(cacheDir, key string) *cacheEntry {
	if cacheDir == "" {
		return nil
	}
	e := &cacheEntry{dir: filepath.Join(cacheDir, key)}
	if os.MkdirAll(e.dir, 0o700) != nil || !writable(e.dir) {
		return nil
	}
	for _, file := range e.files() {
		if isWhole(file) {
			e.valid++
			continue
		}
		_ = os.Remove(file + sumSuffix) // it may not be there
		if os.Remove(file) != nil {
			return nil
		}
	}
	code, err := wazero.NewCompilationCacheWithDir(e.dir)
	if err != nil {
		return nil
	}
	e.code = code
	return e
}

func writable(dir string) bool {
	f, err := os.CreateTemp(dir, "probe*"+tmpSuffix)
	if err != nil {
		return false
	}
	return f.Close() == nil && os.Remove(f.Name()) == nil
}

// files returns the code files. Temporary files that a killed process has left
// are removed on the way.
func (e *cacheEntry) files() []string {
	all, _ := filepath.Glob(filepath.Join(e.dir, "wazero-*", "*")) // the pattern is valid
	return slices.DeleteFunc(all, func(file string) bool {
		if strings.HasSuffix(file, tmpSuffix) {
			removeOld(file)
			return true
		}
		return strings.HasSuffix(file, sumSuffix)
	})
}

func removeOld(file string) {
	if info, err := os.Stat(file); err == nil && time.Since(info.ModTime()) > time.Hour {
		_ = os.Remove(file) // the next run tries again
	}
}

// seal gives new files their checksum and tells whether there were none, so
// that the code came from the cache.
func (e *cacheEntry) seal() (cached bool) {
	now := time.Now()
	_ = os.Chtimes(e.dir, now, now) // marks the entry as used; only its age depends on it
	added := 0
	for _, file := range e.files() {
		if _, err := os.Stat(file + sumSuffix); err != nil {
			writeSum(file)
			added++
		}
	}
	if added > 0 {
		prune(filepath.Dir(e.dir))
	}
	return e.valid > 0 && added == 0
}

// discard removes the entry.
func (e *cacheEntry) discard() { _ = os.RemoveAll(e.dir) }

// checksum returns the length and CRC-32C of a file, which find accidental
// damage; who can write to the folder could change the program as well.
func checksum(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	hash := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	// In pieces: to read megabytes of code at once takes twice as long. The
	// struct hides the file's own WriteTo, which would not use the buffer.
	size, err := io.CopyBuffer(hash, struct{ io.Reader }{f}, make([]byte, 128<<10))
	if err != nil {
		return nil, err
	}
	return hash.Sum(binary.LittleEndian.AppendUint64(nil, uint64(size))), nil
}

func isWhole(file string) bool {
	want, err := os.ReadFile(file + sumSuffix)
	if err != nil {
		return false
	}
	got, err := checksum(file)
	return err == nil && bytes.Equal(got, want)
}

// writeSum puts the checksum beside a file. Without it the file is compiled
// again the next time, so failing costs only time.
func writeSum(file string) {
	sum, err := checksum(file)
	if err != nil {
		return
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), "*"+tmpSuffix)
	if err != nil {
		return
	}
	_, err = tmp.Write(sum)
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil || os.Rename(tmp.Name(), file+sumSuffix) != nil {
		_ = os.Remove(tmp.Name())
	}
}

// prune removes the entries that have not been used for the longest time.
func prune(cacheDir string) {
	entries, err := os.ReadDir(cacheDir)
	if err != nil || len(entries) <= maxCacheEntries {
		return
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return usedAt(b).Compare(usedAt(a)) })
	for _, old := range entries[maxCacheEntries:] {
		if len(old.Name()) == 64 && old.IsDir() { // never what others have put there
			_ = os.RemoveAll(filepath.Join(cacheDir, old.Name()))
		}
	}
}

func usedAt(entry fs.DirEntry) time.Time {
	info, err := entry.Info()
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
