package cli

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/wasmctl/wasmctl/internal/progress"
	"github.com/wasmctl/wasmctl/internal/registry"
	"github.com/wasmctl/wasmctl/internal/ui"
)

// app is what every command is given: the streams, the bars and the folders.
// Nothing is opened or read before a command needs it, so that --help works
// whatever the state of the machine.
type app struct {
	ui.Streams
	progress *ui.Progress
	format   format
	quiet    bool
	noColor  bool
}

func newApp(streams ui.Streams) *app {
	return &app{Streams: streams, progress: ui.NewProgress(streams), format: formatText}
}

// report is where stages send their progress.
func (a *app) report() progress.Func {
	if a.quiet {
		return nil
	}
	return a.progress.Report
}

// store opens the local store.
func (a *app) store() (*registry.Store, error) {
	dir, err := dataDir()
	if err != nil {
		return nil, err
	}
	return registry.OpenStore(filepath.Join(dir, "store"))
}

// homeVariable puts store, cache and state under one folder: for tests, and for
// machines whose home folder is not to be touched.
const homeVariable = "WASMCTL_HOME"

// dataDir holds what the user would miss: the store.
func dataDir() (string, error) {
	return baseDir("data", "XDG_DATA_HOME", ".local/share")
}

// stateDir holds what is running: detached deployments.
func stateDir() (string, error) {
	return baseDir("state", "XDG_STATE_HOME", ".local/state")
}

// cacheDir holds what can be made again: compiled code, downloaded Envoys.
func cacheDir() (string, error) {
	if home := os.Getenv(homeVariable); home != "" {
		return filepath.Abs(filepath.Join(home, "cache"))
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "wasmctl"), nil
}

// baseDir is a folder by the XDG base directory specification on Unix, and the
// user's application folder elsewhere.
func baseDir(name, variable, fallback string) (string, error) {
	if home := os.Getenv(homeVariable); home != "" {
		return filepath.Abs(filepath.Join(home, name))
	}
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "wasmctl"), nil
	}
	if runtime.GOOS == "windows" {
		dir, err := os.UserConfigDir()
		return filepath.Join(dir, "wasmctl", name), err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, filepath.FromSlash(fallback), "wasmctl"), nil
}
