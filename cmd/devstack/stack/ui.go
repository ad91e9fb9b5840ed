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

// uiConfig configures the Temporal UI.
type uiConfig struct{ config uiconfig.Config }

// GetConfig is what the UI asks for.
func (c *uiConfig) GetConfig() (*uiconfig.Config, error) { return &c.config, nil }

// startUI serves the Temporal UI and waits until it answers.
func (s *Stack) startUI(ctx context.Context) error {
	if s.options.NoUI {
		return nil
	}
	// The UI server ends the program if it cannot listen: better to know before.
	port, err := freePort(s.options.UIPort)
	if err != nil {
		return fmt.Errorf("%w: stop what uses it, or choose another with --ui-port", err)
	}
	s.ui = uiserver.NewServer(server_options.WithConfigProvider(&uiConfig{uiconfig.Config{
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
		_ = s.ui.Start() // It never returns an error: see above.
	}()
	s.undo = append(s.undo, func() error {
		s.ui.Stop()
		<-done
		return nil
	})
	s.UIURL = "http://" + net.JoinHostPort(loopback, strconv.Itoa(port))
	return awaitHTTP(ctx, s.UIURL+"/healthz")
}

// awaitHTTP waits until a URL answers with 200.
func awaitHTTP(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("status %s", response.Status)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", url, err)
		}
	}
}
