package stack

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// uiTimeout bounds the start of the Temporal UI.
const uiTimeout = 10 * time.Second

// uiConfig gives the UI server its configuration.
type uiConfig struct{ config uiconfig.Config }

// GetConfig returns the configuration.
func (c *uiConfig) GetConfig() (*uiconfig.Config, error) { return &c.config, nil }

// startUI serves the Temporal UI and waits until it answers. The UI server
// takes a port number only, and ends the process if it cannot listen there:
// its port was reserved until now.
func (s *Stack) startUI(ctx context.Context) error {
	if s.options.NoUI {
		return nil
	}
	port, err := handOver(s.listeners.reserved.ui)
	if err != nil {
		return fmt.Errorf("release the port of the Temporal UI: %w", err)
	}
	server := uiserver.NewServer(server_options.WithConfigProvider(&uiConfig{uiconfig.Config{
		TemporalGRPCAddress: s.TemporalAddress,
		Host:                loopback,
		Port:                port,
		EnableUI:            true,
		DefaultNamespace:    Namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true},
	}}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Start() // It returns nil when it is stopped, and does not return an error.
	}()
	s.undo = append(s.undo, func() error {
		server.Stop()
		<-done
		return nil
	})
	s.UIURL = "http://" + net.JoinHostPort(loopback, strconv.Itoa(port))
	return awaitUI(ctx, s.UIURL+"/healthz")
}

// awaitUI waits until the UI server's health route answers.
func awaitUI(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, uiTimeout)
	defer cancel()
	for {
		status, _, err := get(ctx, url)
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the Temporal UI at %s does not answer: %w", url, ctx.Err())
		}
	}
}
