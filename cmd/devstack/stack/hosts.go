package stack

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"shipments/hosts"
)

// readyTimeout bounds the wait for the hosts, whose servers answer already.
const readyTimeout = 2 * time.Minute

// configure makes the configuration of the hosts: that of the environment, with
// the stack's servers.
func (s *Stack) configure(natsURL, temporalAddress string) hosts.Config {
	config := s.options.Config
	config.NATSURL, config.NATSCreds = natsURL, ""
	config.NATSAccess, config.TemporalAccess = hosts.NATSAccess{}, hosts.TemporalAccess{}
	config.TemporalAddress, config.TemporalNamespace = temporalAddress, Namespace
	config.TemporalAPIKey, config.TemporalTLS, config.TemporalTLSServerName = "", false, ""
	config.TemporalTLSCert, config.TemporalTLSKey, config.TemporalTLSCA = "", "", ""
	if s.HTTPAddr != "" {
		config.HTTPAddr = s.HTTPAddr
	}
	config.AdminAddr = s.AdminAddr
	return config
}

// startHosts runs the hosts against the stack's servers, and waits until they
// are ready.
func (s *Stack) startHosts(ctx context.Context) error {
	if !s.hasHosts() {
		return nil
	}
	s.Config = s.configure(s.NATSURL, s.TemporalAddress)
	if err := s.Config.Validate(); err != nil {
		return err
	}
	// The hosts outlive ctx until Stop drains them.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if s.failure = hosts.RunOn(running, s.listeners.hosts, s.Config, s.options.Hosts, s.options.Log); s.failure != nil {
			close(s.failed)
		}
	}()
	s.undo = append(s.undo, func() error {
		stop()
		<-stopped
		return s.failure
	})
	return s.awaitHosts(ctx)
}

// awaitHosts waits until the hosts are ready. An error is that of a host, or
// has what the hosts answered last.
func (s *Stack) awaitHosts(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	url := "http://" + cmp.Or(s.AdminAddr, s.HTTPAddr) + "/readyz"
	for {
		status, body, err := get(ctx, url)
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-s.failed:
			err := s.failure
			s.failure = nil // Stop would return it once more.
			return err
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the hosts are not ready: %w: %s", ctx.Err(), body)
		}
	}
}

// get returns the status and the body of what a URL answers.
func get(ctx context.Context, url string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}
