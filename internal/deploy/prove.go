package deploy

import (
	"context"
	"fmt"
	"net"

	"github.com/wasmctl/wasmctl/internal/envoy"
)

// prove finds out whether an Envoy that calls itself ready really does its
// work: its listener takes connections, and every filter runs in every worker.
func (l *live) prove(ctx context.Context, d *Deployment) error {
	if err := l.proveListener(ctx, d); err != nil {
		return err
	}
	return l.proveFilters(ctx, d)
}

func (l *live) proveListener(ctx context.Context, d *Deployment) error {
	listeners, err := l.admin.Listeners(ctx)
	if err != nil {
		return err
	}
	bound, ok := listeners[envoy.ListenerName]
	if !ok {
		return fmt.Errorf("it has no listener %q", envoy.ListenerName)
	}
	d.ListenAddr = l.run.listen(bound)
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", reachable(d.ListenAddr))
	if err != nil {
		return fmt.Errorf("its listener does not answer: %w", err)
	}
	defer connection.Close()
	// Docker's own proxy takes connections, too, so Envoy is asked. A connection
	// without a request does not reach the filters.
	const total = "listener." + envoy.ListenerName + ".downstream_cx_total"
	return l.poll(ctx, func() (bool, error) {
		stats, err := l.admin.Stats(ctx, `^listener\.`+envoy.ListenerName+`\.downstream_cx_total$`)
		return stats[total] > 0, err
	})
}

// proveFilters compares the VMs that run with those that have to, and looks for
// failures in the log: an Envoy whose worker failed to start a filter is ready
// and passes requests on without it.
func (l *live) proveFilters(ctx context.Context, d *Deployment) error {
	chain := l.site.o.Chain
	loaded, err := l.admin.LoadedFilters(ctx, chain)
	if err != nil {
		return err
	}
	vms, err := l.admin.Wasm(ctx, chain, l.site.o.Concurrency)
	if err != nil {
		return err
	}
	if vms.Active < vms.Expected {
		return fmt.Errorf("only %d of %d Wasm VMs run", vms.Active, vms.Expected)
	}
	if failedVM(l.run.lines()) {
		return fmt.Errorf("a Wasm VM failed")
	}
	d.Filters = nil
	for _, f := range chain.Filters {
		if !loaded[f.Name] {
			return fmt.Errorf("it has not loaded filter %q", f.Name)
		}
		d.Filters = append(d.Filters, FilterStatus{Name: f.Name, SHA256: f.Module.SHA256(), Active: true})
	}
	return nil
}
