// Package atomicfile writes a file so that readers, and an interruption at any
// point, find either the old content or the new one, whole.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Write writes data to path: into a temporary file in the same folder, synced,
// then renamed. A path that is there and is no regular file, such as a named
// pipe or /dev/stdout, is written to as it is.
func Write(path string, data []byte, perm os.FileMode) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return writeThrough(path, data)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	if err := fill(tmp, data, perm); err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	if err := Rename(tmp.Name(), path); err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// Rename is os.Rename. On Windows that fails while another process reads the
// target, which is a matter of milliseconds: Rename then tries again.
func Rename(from, to string) error {
	const attempts, pause = 50, 10 * time.Millisecond
	for attempt := 1; ; attempt++ {
		err := os.Rename(from, to)
		if err == nil || attempt == attempts || runtime.GOOS != "windows" || !errors.Is(err, fs.ErrPermission) {
			return err
		}
		time.Sleep(pause)
	}
}

// fill writes, syncs and closes f.
func fill(f *os.File, data []byte, perm os.FileMode) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func writeThrough(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
