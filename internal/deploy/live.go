package deploy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/wasmctl/wasmctl/internal/envoy"
)

// live is the part of a deployment that only the wasmctl that started it has.
type live struct {
	run      running
	site     *site
	launcher launcher
	admin    *envoy.Admin // nil until it answers

	once sync.Once
	err  error
}

// pollInterval is how often a starting Envoy is asked how far it is.
const pollInterval = 15 * time.Millisecond

// errTimeout says that the time for the start is over.
var errTimeout = errors.New("it was not ready in time")

// errEnded says that the Envoy ended during its start.
var errEnded = errors.New("it ended")

// bringUp waits until the Envoy is ready, proves it and writes the state down.
func (l *live) bringUp(ctx context.Context, d *Deployment) error {
	o := l.site.o
	bounded, cancel := context.WithTimeoutCause(ctx, o.StartTimeout, errTimeout)
	defer cancel()
	if err := l.awaitAndProve(bounded, d); err != nil {
		return l.explain(ctx, err)
	}
	l.site.state.Up = true
	return l.site.save()
}

func (l *live) awaitAndProve(ctx context.Context, d *Deployment) error {
	if err := l.awaitReady(ctx); err != nil {
		return err
	}
	d.AdminAddr = l.admin.Address()
	info, err := l.admin.ServerInfo(ctx)
	if err != nil {
		return err
	}
	d.Version = info.Version
	return l.prove(ctx, d)
}

// explain makes the error of a failed start out of what is known. An Envoy
// that fails may take a moment to end; then its last words are waited for.
func (l *live) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var cause error
	reason := err.Error()
	select {
	case <-l.run.done():
		cause = l.run.err()
		reason = "it ended at once"
		if cause != nil {
			reason += ": " + cause.Error()
		}
	default:
	}
	if errors.Is(err, errTimeout) || errors.Is(err, context.DeadlineExceeded) {
		reason = fmt.Sprintf("%v (%v)", errTimeout, l.site.o.StartTimeout)
	}
	if cause == nil {
		cause = err
	}
	return startError(reason, l.run.lines(), cause)
}

// awaitReady waits until the admin interface answers that Envoy is live.
func (l *live) awaitReady(ctx context.Context) error {
	return l.poll(ctx, func() (bool, error) {
		address, err := l.run.admin(ctx)
		if errors.Is(err, errNotYet) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		admin := envoy.NewAdmin(reachable(address))
		if admin.Ready(ctx) != nil {
			return false, nil
		}
		l.admin = admin
		return true, nil
	})
}

// poll asks until the answer is yes, the Envoy has ended or ctx is done.
func (l *live) poll(ctx context.Context, ask func() (bool, error)) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		yes, err := ask()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.run.done():
			return errEnded
		case <-tick.C:
		}
	}
}

// end stops the Envoy, once, and removes what belongs to the deployment.
func (l *live) end(ctx context.Context, d *Deployment) error {
	l.once.Do(func() {
		l.drain(ctx)
		l.err = errors.Join(l.run.stop(ctx), l.site.remove())
		l.launcher.close()
	})
	return l.err
}

// drainTime is how long requests under way may take once Envoy is to end.
const drainTime = 3 * time.Second

// drain closes the listener and waits until no request is under way. Whatever
// goes wrong, Envoy is ended next.
func (l *live) drain(ctx context.Context) {
	select {
	case <-l.run.done():
		return
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	if l.admin == nil || l.admin.DrainListeners(ctx) != nil {
		return
	}
	const active = "http." + envoy.ListenerName + ".downstream_rq_active"
	_ = l.poll(ctx, func() (bool, error) {
		stats, err := l.admin.Stats(ctx, "^http\\."+envoy.ListenerName+"\\.downstream_rq_active$")
		return stats[active] == 0, err
	})
}
