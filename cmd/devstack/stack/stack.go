package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
	uiserver "github.com/temporalio/ui-server/v2/server"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/temporal"

	"shipments/hosts"
)

// Namespace is the Temporal namespace of the stack.
const Namespace = "default"

// Options are how a stack runs.
type Options struct {
	// Dir keeps the state; it is made if it does not exist. With Ephemeral it
	// is ignored.
	Dir string
	// Ephemeral keeps NATS's state in a temporary folder, which is removed in
	// the end, and Temporal's in memory.
	Ephemeral bool
	// The ports of NATS, Temporal and the Temporal UI; 0 picks a free one.
	NATSPort, TemporalPort, UIPort int
	// TemporalConfig is a file with dynamic configuration of the Temporal
	// server, read again when it changes; none by default.
	TemporalConfig string
	// Retention is how long the Temporal server remembers a process that has
	// ended, if it makes the namespace; a day by default.
	Retention time.Duration
	// TuneTemporal changes the Temporal server's configuration and its dynamic
	// settings before it starts: so those that the stack has were compared with
	// others. None by default.
	TuneTemporal func(*config.Config, map[dynamicconfig.Key]any)
	// NoUI leaves the Temporal UI out.
	NoUI bool
	// HTTPAddr is the API's address; port 0 picks a free one.
	HTTPAddr string
	// Config is the hosts' configuration. Its addresses are replaced by the
	// stack's.
	Config hosts.Config
	// Hosts run beside the servers.
	Hosts []hosts.Host
	Log   zerolog.Logger
}

// Stack is what runs. Its addresses do not change.
type Stack struct {
	NATSURL         string
	TemporalAddress string
	UIURL           string
	HTTPAddr        string
	Namespace       string
	// Dir has the state and the servers' own logs.
	Dir string
	// Config is the configuration that the hosts run with.
	Config hosts.Config

	options  Options
	nats     *natsserver.Server
	temporal temporal.Server
	ui       *uiserver.Server
	stop     context.CancelFunc
	failed   chan struct{}
	failure  error
	undo     []func() error // what Stop does, last first
}

// Start starts the servers, each when the one before it answers, and then the
// hosts. When it returns, the servers take requests and the hosts are starting.
func Start(ctx context.Context, options Options) (_ *Stack, err error) {
	s := &Stack{options: options, Namespace: Namespace, failed: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	// A port that is taken is better known before any server runs.
	if s.HTTPAddr, err = fixPort(options.HTTPAddr); err != nil {
		return nil, fmt.Errorf("%w: stop what uses it, or choose another with --http-addr", err)
	}
	if err := s.prepareDir(); err != nil {
		return nil, err
	}
	if err := s.startNATS(); err != nil {
		return nil, err
	}
	if err := s.startTemporal(ctx); err != nil {
		return nil, err
	}
	if err := s.startUI(ctx); err != nil {
		return nil, err
	}
	if err := s.startHosts(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// prepareDir makes the folder of the state and locks it: two stacks on the
// same state would destroy it.
func (s *Stack) prepareDir() error {
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

// startHosts runs the hosts against the stack's servers.
func (s *Stack) startHosts(ctx context.Context) error {
	config := s.options.Config
	config.NATSURL, config.NATSCreds = s.NATSURL, ""
	config.TemporalAddress, config.TemporalNamespace = s.TemporalAddress, Namespace
	config.HTTPAddr = s.HTTPAddr
	if err := config.Validate(); err != nil {
		return err
	}
	s.Config = config
	if len(s.options.Hosts) == 0 {
		return nil
	}
	// The hosts outlive ctx until Stop drains them.
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if s.failure = hosts.Run(ctx, config, s.options.Hosts, s.options.Log); s.failure != nil {
			close(s.failed)
		}
	}()
	s.undo = append(s.undo, func() error {
		s.stop()
		<-stopped
		return s.failure
	})
	return nil
}

// Failed is closed when a host ended with an error, which Stop returns.
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

// PID is the process to kill, for people.
func (s *Stack) PID() int { return os.Getpid() }

// HostNames lists the hosts that run, for people.
func (s *Stack) HostNames() string {
	if len(s.options.Hosts) == 0 {
		return "none"
	}
	names := make([]string, len(s.options.Hosts))
	for i, h := range s.options.Hosts {
		names[i] = h.Name
	}
	return strings.Join(names, ", ")
}

// State says where the state is kept, for people.
func (s *Stack) State() string {
	if s.options.Ephemeral {
		return "forgotten when it stops"
	}
	return "kept in " + s.Dir + "; --ephemeral keeps none"
}

// stopTimeout bounds the stop of one server.
const stopTimeout = 5 * time.Second

// freePort returns port, or a free one for 0. A port that is taken is an error.
func freePort(port int) (int, error) {
	address, err := fixPort(net.JoinHostPort(loopback, strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// fixPort checks that an address can be listened on, and replaces port 0.
func fixPort(address string) (string, error) {
	listener, err := net.Listen("tcp", address) //nolint:noctx // closed at once
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

const loopback = "127.0.0.1"
