package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"

	"shipments/api"
	"shipments/api/auth"
)

// Listeners are what a process serves HTTP on.
type Listeners struct {
	// HTTP serves the API. It is needed if the API is among the hosts.
	HTTP net.Listener
	// Admin serves operators; nil serves nothing.
	Admin net.Listener
}

func (l Listeners) close() {
	for _, listener := range []net.Listener{l.HTTP, l.Admin} {
		if listener != nil {
			_ = listener.Close() // The only error is that it is closed.
		}
	}
}

// listen binds the addresses of a configuration that hosts serve on.
func listen(ctx context.Context, config Config, run []Host) (l Listeners, err error) {
	var errs []error
	bind := func(address, variable string) net.Listener {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", variable, err))
			return nil
		}
		return listener
	}
	if servesHTTP(run) {
		l.HTTP = bind(config.HTTPAddr, "SHIPMENTS_HTTP_ADDR")
	}
	if config.AdminAddr != "" {
		l.Admin = bind(config.AdminAddr, "SHIPMENTS_ADMIN_ADDR")
	}
	if err := errors.Join(errs...); err != nil {
		l.close()
		return Listeners{}, err
	}
	return l, nil
}

// serveAdmin serves the admin listener, if there is one.
func serveAdmin(ctx context.Context, rt *runtime) error {
	if rt.listeners.Admin == nil {
		return nil
	}
	config := api.AdminConfig{Readiness: rt.loops.readiness, About: rt.about, Metrics: rt.metrics.Handler(), Pprof: rt.config.Pprof}
	if isLocal(rt.listeners.Admin) {
		config.Hosts = auth.LocalHosts()
	}
	handler := api.Admin(config)
	return api.Serve(ctx, rt.listeners.Admin, handler, rt.config.DrainTimeout, rt.log.With().Str("listener", "admin").Logger())
}
