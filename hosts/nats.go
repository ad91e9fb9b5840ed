package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

const (
	// dialTimeout bounds one attempt to connect to one server.
	dialTimeout = 2 * time.Second
	// syncQueueLength bounds the messages that a batched read holds. Each read
	// makes a channel of that size: nats.go's default of 65,536 takes half a
	// megabyte. The longest reads are those of a document's chunks of 128 KiB.
	syncQueueLength = 1024
)

// natsOptions are the options of all connections. purposes become part of the
// connection's name.
func natsOptions(config Config, purposes ...string) []nats.Option {
	return append([]nats.Option{
		nats.Name(ReadVersion().connectionName(purposes...)),
		nats.Timeout(dialTimeout),
		nats.MaxReconnects(-1),
		// Two refusals in a row would otherwise close the connection for good.
		nats.IgnoreAuthErrorAbort(),
		// Whoever sends something tries again if it fails. A buffer would send it
		// too, later.
		nats.ReconnectBufSize(-1),
		nats.SyncQueueLen(syncQueueLength),
	}, config.accessOptions()...)
}

// connect makes a NATS connection that waits for its servers, for as long as it
// takes, and survives their restarts and rotated credentials.
func connect(rt *runtime) (*nats.Conn, jetstream.JetStream, error) {
	errs := &natsErrors{log: rt.log}
	options := append(natsOptions(rt.config, rt.about.Hosts...),
		nats.RetryOnFailedConnect(true),
		nats.ReconnectWait(500*time.Millisecond),
		nats.ReconnectJitter(250*time.Millisecond, time.Second),
		nats.ConnectHandler(func(*nats.Conn) { rt.natsOutage.end(time.Now()) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil: the process closes it.
				rt.natsOutage.begin(err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			rt.natsOutage.end(time.Now())
			errs.forget()
		}),
		nats.ErrorHandler(errs.handle),
	)
	return open(rt.config, options)
}

func open(config Config, options []nats.Option) (*nats.Conn, jetstream.JetStream, error) {
	nc, err := nats.Connect(config.NATSURL, options...)
	if err != nil {
		return nil, nil, err
	}
	js, err := config.jetStream(nc)
	if err != nil {
		nc.Close()
		return nil, nil, fmt.Errorf("make the JetStream client: %w", err)
	}
	return nc, js, nil
}

// Dial connects a command to NATS; purpose becomes part of the connection's
// name. Each server in NATS_URL is tried once: if none can be used, the error
// says at once why. A connection that is lost later is made again, to any server
// of the cluster, for as long as the command runs.
func Dial(ctx context.Context, config Config, purpose string, log zerolog.Logger) (*nats.Conn, jetstream.JetStream, error) {
	state := &outage{log: log, gone: "NATS is not connected", back: "NATS is connected again"}
	state.end(time.Now())
	errs := &natsErrors{log: log}
	options := append(natsOptions(config, purpose),
		nats.ReconnectWait(100*time.Millisecond),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil: the command closes it.
				state.begin(err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			state.end(time.Now())
			errs.forget()
		}),
		nats.ErrorHandler(errs.handle),
	)
	nc, js, err := open(config, options)
	if err != nil {
		finding, final := findNATS(ctx, config, err)
		if final {
			return nil, nil, &UnusableError{finding}
		}
		return nil, nil, errors.New(finding.String())
	}
	return nc, js, nil
}

// natsErrors logs what nats.go reports besides connections: what is the same is
// logged once until it is forgotten. It is safe for concurrent use.
type natsErrors struct {
	log zerolog.Logger

	mu     sync.Mutex
	logged map[string]bool
}

// maxLogged bounds what is remembered.
const maxLogged = 100

func (e *natsErrors) handle(_ *nats.Conn, _ *nats.Subscription, err error) {
	if isLostConnection(err) {
		return // The outage's own line says it.
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.logged[err.Error()] {
		return
	}
	if e.logged == nil || len(e.logged) >= maxLogged {
		e.logged = map[string]bool{}
	}
	e.logged[err.Error()] = true
	line := e.log.Warn().Err(err)
	if isAuth(err) {
		line = line.Str("remedy", natsAuthRemedy)
	}
	if errors.Is(err, nats.ErrPermissionViolation) {
		line = line.Str("remedy", "give this user the permissions of its role, which `shipments nats permissions` prints; hosts that may not create streams need SHIPMENTS_PROVISION=check")
	}
	line.Msg("NATS reported an error")
}

// forget lets errors be logged again: the connection is a new one.
func (e *natsErrors) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.logged)
}

// isLostConnection tells whether an error is that of a write to a connection that
// has ended: nats.go's flusher reports it, if it comes before the read's.
func isLostConnection(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, net.ErrClosed)
}

func isAuth(err error) bool {
	for _, auth := range []error{nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired} {
		if errors.Is(err, auth) {
			return true
		}
	}
	return false
}

// redacted lists servers for people, without passwords.
func redacted(servers []*url.URL) string {
	list := make([]string, len(servers))
	for i, u := range servers {
		list[i] = u.Redacted()
	}
	return strings.Join(list, ",")
}
