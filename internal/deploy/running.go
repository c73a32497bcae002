package deploy

import (
	"context"
	"time"

	"github.com/wasmctl/wasmctl/internal/tool"
)

// running is a started Envoy, whichever way it came.
type running interface {
	// done is closed when the Envoy has ended and its log is complete.
	done() <-chan struct{}
	// err is why it ended, nil for code 0; valid after done.
	err() error
	// admin returns the address of its admin interface. Until it is known the
	// error is errNotYet.
	admin(ctx context.Context) (string, error)
	// listen returns where the listener that Envoy calls bound is reached.
	listen(bound string) string
	// lines returns the last lines of its log.
	lines() []string
	// stop ends it and removes all that was made for it beside its folder.
	stop(ctx context.Context) error
	// letGo leaves it running and stops following it.
	letGo()
}

// launcher is a way to start an Envoy.
type launcher interface {
	// via is the way it is.
	via() Via
	// launch starts it for the site. It keeps the site's state up to date, so
	// that nothing is lost when wasmctl is killed.
	launch(ctx context.Context, s *site) (running, error)
	// close frees what the launcher itself holds.
	close()
}

// stopGrace is how long an Envoy may take to end once it was asked to.
const stopGrace = 3 * time.Second

// exitError makes the end of a program with code 0 nil and others an error.
func exitError(program string, code int) error {
	if code == 0 {
		return nil
	}
	return &tool.ExitError{Program: program, Code: code}
}
