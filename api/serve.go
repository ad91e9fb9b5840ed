package api

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"
)

// Server makes an HTTP server whose limits keep slow and endless requests from
// holding it up.
func Server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

// Serve serves a handler with the limits of [Server] until ctx is done, and
// closes the listener. The requests in progress then have the time drain to
// finish: those that take longer are cut off, which is logged and no error.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, drain time.Duration, log zerolog.Logger) error {
	server := Server(handler)
	server.BaseContext = withStopping(ctx)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Info().Str("address", listener.Addr().String()).Msg("Serving HTTP")
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil {
		log.Warn().Err(err).Msg("HTTP requests were cut off")
		_ = server.Close() // It closes connections whose requests are lost anyway.
	}
	return nil
}
