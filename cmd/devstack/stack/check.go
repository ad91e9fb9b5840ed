package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"syscall"

	"go.temporal.io/server/common/primitives"

	"shipments/events/eventstest/ports"
	"shipments/hosts"
)

const loopback = "127.0.0.1"

// listeners are the addresses of a stack, all of them bound before anything
// starts. Those in reserved are of servers that take a port number: each is
// closed when its server is about to listen on its port.
type listeners struct {
	hosts    hosts.Listeners
	temporal map[primitives.ServiceName]net.Listener
	reserved struct {
		nats net.Listener // nil if the NATS server chooses its port
		ui   net.Listener // nil without the Temporal UI
	}
}

// check looks for everything that would end the start later, and reports all
// that it finds: wrong settings, carriers' tokens that are missing, ports that
// are taken.
func (s *Stack) check(ctx context.Context) error {
	errs := []error{s.listen(ctx)}
	if file := s.options.TemporalConfig; file != "" {
		if _, err := os.Stat(file); err != nil {
			errs = append(errs, fmt.Errorf("--temporal-config: %w", err))
		}
	}
	if s.hasHosts() {
		s.Config = s.configure("nats://"+loopback, loopback+":1") // The servers' own addresses are not known yet.
		if err := s.Config.Validate(); err != nil {
			errs = append(errs, err)
		} else {
			errs = append(errs, hosts.Check(s.Config, s.options.Hosts))
		}
	}
	return errors.Join(errs...)
}

// listen binds the addresses. It reports every port that is taken.
func (s *Stack) listen(ctx context.Context) error {
	var errs []error
	bind := func(what, address, flag string) net.Listener {
		listener, err := s.bind(ctx, address, flag)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
		return listener
	}
	local := func(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

	o := s.options
	if s.hasAPI() {
		if s.listeners.hosts.HTTP = bind("HTTP API", o.HTTPAddr, "--http-addr"); s.listeners.hosts.HTTP != nil {
			s.HTTPAddr = s.listeners.hosts.HTTP.Addr().String()
		}
	}
	if s.hasHosts() && (o.AdminAddr != "" || !s.hasAPI()) {
		if s.listeners.hosts.Admin = bind("admin listener", o.AdminAddr, "--admin-addr"); s.listeners.hosts.Admin != nil {
			s.AdminAddr = s.listeners.hosts.Admin.Addr().String()
		}
	}
	if o.NATSPort != 0 {
		s.listeners.reserved.nats = bind("NATS", local(o.NATSPort), "--nats-port")
	}
	s.listeners.temporal = map[primitives.ServiceName]net.Listener{}
	for _, service := range temporalServices {
		port := 0
		if service == primitives.FrontendService {
			port = o.TemporalPort
		}
		s.listeners.temporal[service] = bind("Temporal", local(port), "--temporal-port")
	}
	if !o.NoUI {
		port, err := s.uiPort()
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		s.listeners.reserved.ui = bind("Temporal UI", local(port), "--ui-port")
	}
	return errors.Join(errs...)
}

// bind listens on an address, until Stop at the latest.
func (s *Stack) bind(ctx context.Context, address, flag string) (net.Listener, error) {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		advice := "choose another with " + flag
		if errors.Is(err, syscall.EADDRINUSE) {
			advice = "stop what uses it, or " + advice
		}
		return nil, fmt.Errorf("%w: %s", err, advice)
	}
	s.undo = append(s.undo, func() error {
		_ = listener.Close() // The only error is that it is closed: its server has done that.
		return nil
	})
	return listener, nil
}

func (s *Stack) hasAPI() bool {
	return slices.ContainsFunc(s.options.Hosts, func(h hosts.Host) bool { return h.Name == "api" })
}

// uiPort is the port of the UI that was asked for, or one that is held until
// the stack stops.
func (s *Stack) uiPort() (int, error) {
	if s.options.UIPort != 0 {
		return s.options.UIPort, nil
	}
	port, err := ports.Hold()
	if err != nil {
		return 0, fmt.Errorf("hold a port for the Temporal UI: %w", err)
	}
	s.undo = append(s.undo, port.Release)
	return port.Number(), nil
}

// handOver closes a listener that reserved a port, for a server that is about
// to listen on the port itself, and returns its number.
func handOver(reserved net.Listener) (port int, err error) {
	return portOf(reserved), reserved.Close()
}

// portOf is the number of the port that a TCP listener is bound to.
func portOf(listener net.Listener) int { return listener.Addr().(*net.TCPAddr).Port } //nolint:forcetypeassert // of TCP
