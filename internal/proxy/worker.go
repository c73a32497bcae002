package proxy

import (
	"sync"
)

// worker owns one VM of each filter. Its lock is held while filter code runs
// and while the state of its exchanges changes, never during I/O.
type worker struct {
	mu    sync.Mutex
	slots []*slot
	// touched are the streams that filter code has acted on from outside of
	// their own callbacks. It is empty whenever the lock is free.
	touched []*filterState
	events  events
}

// unlock carries out what touched streams were asked for, and gives the lock back.
func (w *worker) unlock() {
	if len(w.touched) > 0 {
		w.settle()
	}
	w.mu.Unlock()
}

func (w *worker) settle() {
	for len(w.touched) > 0 { // which may touch further ones
		f := w.touched[0]
		w.touched = w.touched[1:]
		f.touched = false
		f.x.settleTouched(f)
	}
	w.touched = w.touched[:0]
}

// events are what a worker's VMs are to be told: timers, answers to calls,
// items in queues. They run one after the other, in the order in which they came.
type events struct {
	mu      sync.Mutex
	waiting []func()
	// open is set once the worker serves; before, events only gather. closed
	// events are dropped.
	open, closed, running bool
	wg                    sync.WaitGroup
}

// post has event run soon under the worker's lock. It may be called from any
// goroutine, also by a filter that holds that lock.
func (w *worker) post(event func()) {
	e := &w.events
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	e.waiting = append(e.waiting, event)
	w.startEvents()
}

// openEvents lets events run from now on.
func (w *worker) openEvents() {
	w.events.mu.Lock()
	defer w.events.mu.Unlock()
	w.events.open = true
	w.startEvents()
}

// serves tells whether events run.
func (w *worker) serves() bool {
	w.events.mu.Lock()
	defer w.events.mu.Unlock()
	return w.events.open
}

// closeEvents drops all events and waits for the one that runs.
func (w *worker) closeEvents() {
	w.events.mu.Lock()
	w.events.closed, w.events.waiting = true, nil
	w.events.mu.Unlock()
	w.events.wg.Wait()
}

// startEvents starts the goroutine that runs events, if there is work for it.
func (w *worker) startEvents() {
	e := &w.events
	if e.open && !e.running && len(e.waiting) > 0 {
		e.running = true
		e.wg.Go(w.runEvents)
	}
}

// runEvents runs events until there are none. The lock is free between two, so
// that requests get their turn.
func (w *worker) runEvents() {
	for {
		list := w.takeEvents()
		if len(list) == 0 {
			return
		}
		for _, event := range list {
			w.mu.Lock()
			event()
			w.unlock()
		}
	}
}

func (w *worker) takeEvents() []func() {
	e := &w.events
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.waiting
	e.waiting = nil
	e.running = len(list) > 0
	return list
}
