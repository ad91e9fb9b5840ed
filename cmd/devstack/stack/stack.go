package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/rs/zerolog"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"

	"shipments/hosts"
)

// Namespace is the Temporal namespace of the stack.
const Namespace = "default"

// Options are how a stack runs.
type Options struct {
	// Dir keeps the state; it is made if it does not exist. With Ephemeral it
	// is ignored.
	Dir string
	// Ephemeral keeps NATS's state in a temporary folder, which Stop removes,
	// and Temporal's in memory.
	Ephemeral bool
	// The ports of NATS, Temporal and the Temporal UI; 0 takes a free one.
	NATSPort, TemporalPort, UIPort int
	// TemporalConfig is a file with dynamic configuration of the Temporal
	// server, read again when it changes; none by default.
	TemporalConfig string
	// Retention is how long the Temporal server keeps a process that has ended,
	// in a namespace that this start makes; a day by default.
	Retention time.Duration
	// TuneTemporal changes the Temporal server's configuration and its dynamic
	// settings before the server starts. The benchmark of the settings uses it;
	// none by default.
	TuneTemporal func(*config.Config, map[dynamicconfig.Key]any)
	// TemporalTLS has the Temporal server ask its clients for certificates; by
	// default it is reached without TLS. It is for servers without the Temporal UI
	// and without hosts beside them.
	TemporalTLS *TLS
	// NoUI leaves the Temporal UI out.
	NoUI bool
	// HTTPAddr is the API's address; port 0 takes a free one. It is not used
	// unless the API is among the hosts.
	HTTPAddr string
	// AdminAddr is the address of the hosts' admin listener; port 0 takes a free
	// one. If it is empty and the API is among the hosts, there is none, and the
	// hosts measure nothing.
	AdminAddr string
	// Config is the hosts' configuration. The stack replaces its addresses, its
	// namespace and its credentials.
	Config hosts.Config
	// Hosts run beside the servers.
	Hosts []hosts.Host
	Log   zerolog.Logger
}

// TLS are PEM files, read again within a second when they change: the certificate of
// a server and its key, and the authorities of its clients' certificates. The server
// is a client of itself with the same certificate.
type TLS struct{ Cert, Key, CA string }

// Stack is what runs. Its fields do not change after Start.
type Stack struct {
	NATSURL         string
	TemporalAddress string
	UIURL           string // empty without the Temporal UI
	HTTPAddr        string // empty without the API
	AdminAddr       string // empty without hosts
	Namespace       string
	// Dir has the state and the servers' own logs.
	Dir string
	// Config is the configuration that the hosts run with.
	Config hosts.Config

	options   Options
	listeners listeners
	failed    chan struct{} // closed after failure is set
	failure   error
	undo      []func() error // what Stop does, last first
}

// Start checks the options, starts the servers, each when the one before it
// answers, and then the hosts. When it returns without an error, the servers
// take requests and the hosts are ready.
//
// An error of the check names everything that is wrong; nothing was started
// then, and no state touched. With any error, what was started is stopped.
func Start(ctx context.Context, options Options) (_ *Stack, err error) {
	s := &Stack{options: options, Namespace: Namespace, failed: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	for _, step := range []func(context.Context) error{s.check, s.prepareDir, s.startNATS, s.startTemporal, s.startUI, s.startHosts} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// prepareDir makes the folder of the state and locks it: two stacks on the
// same state would destroy it.
func (s *Stack) prepareDir(context.Context) error {
	dir := s.options.Dir
	if s.options.Ephemeral {
		temporary, err := os.MkdirTemp("", "shipments-devstack-")
		if err != nil {
			return fmt.Errorf("make a temporary folder: %w", err)
		}
		s.undo = append(s.undo, func() error { return os.RemoveAll(temporary) })
		dir = temporary
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	locked, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock %s: %w", dir, err)
	}
	if !locked {
		return fmt.Errorf("another dev stack uses %s: stop it, or use another folder with --data", dir)
	}
	s.undo = append(s.undo, lock.Unlock)
	s.Dir = dir
	return nil
}

// Failed is closed when a host has ended with an error, which Stop returns.
func (s *Stack) Failed() <-chan struct{} { return s.failed }

// Stop drains the hosts and stops the servers, in the reverse order of their
// start. It takes a few seconds at most.
func (s *Stack) Stop() error {
	var errs []error
	for len(s.undo) > 0 {
		last := len(s.undo) - 1
		errs = append(errs, s.undo[last]())
		s.undo = s.undo[:last]
	}
	return errors.Join(errs...)
}
