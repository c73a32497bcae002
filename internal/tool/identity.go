package tool

import (
	"context"
	"time"
)

// Identity names a process for longer than it lives: process ids are used again.
type Identity struct {
	PID int `json:"pid"`
	// Start tells processes apart that had the same id. Its form depends on the
	// platform.
	Start string `json:"start"`
}

// Identify returns the identity of a running process.
func Identify(pid int) (Identity, error) {
	start, err := startOf(pid)
	return Identity{PID: pid, Start: start}, err
}

// Alive tells whether that very process still runs. A zombie does not.
func (i Identity) Alive() bool {
	if i.PID <= 0 {
		return false
	}
	start, err := startOf(i.PID)
	return err == nil && start == i.Start
}

// pollInterval is how often End looks whether a foreign process has ended:
// there is nothing to wait on for a process that is no child.
const pollInterval = 20 * time.Millisecond

// End asks the process and its group to end and kills them after the grace
// period or when ctx is done. It returns whether the process was running.
func (i Identity) End(ctx context.Context, grace time.Duration) bool {
	if !i.Alive() {
		return false
	}
	_ = terminateGroup(i.PID)
	bounded, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if i.waitEnd(bounded) {
		return true
	}
	_ = killGroup(i.PID)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	i.waitEnd(last)
	return true
}

func (i Identity) waitEnd(ctx context.Context) bool {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for i.Alive() {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}
