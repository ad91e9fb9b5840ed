package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/errgroup"

	"shipments/activities/carriers"
	"shipments/activities/documents"
	"shipments/api"
	"shipments/events/streams"
)

// Run runs hosts until ctx is done, then drains them and returns nil. The
// configuration must be valid. A port that is taken, a carrier's token that is
// missing, or streams that cannot be used as they are, end it with an error;
// NATS and Temporal being away does not: it waits for them.
//
//	HTTP listener ─ bound first, so that a taken port is an error at start
//	provision     ─ streams and search attributes, tried until it succeeds
//	hosts         ─ consumer, workers, api; the first error stops all
//	NATS          ─ closed last: what is drained still publishes
func Run(ctx context.Context, config Config, run []Host, log zerolog.Logger) error {
	address := config.HealthAddr
	if hasAPI(run) {
		address = config.HTTPAddr
	}
	if address == "" {
		return RunOn(ctx, nil, config, run, log)
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen for HTTP: %w", err)
	}
	return RunOn(ctx, listener, config, run, log)
}

// RunOn is [Run] with a listener that is bound already: it serves the API, or
// the health routes where the API is not among the hosts, and is closed in any
// case. With a nil listener nothing is served. The addresses in the
// configuration are not listened on.
func RunOn(ctx context.Context, listener net.Listener, config Config, run []Host, log zerolog.Logger) error {
	worker.SetStickyWorkflowCacheSize(stickyCacheSize)
	p := &process{config: config, log: log, listener: listener, provisioned: make(chan struct{}), hasAPI: hasAPI(run)}
	p.needsTemporal = !p.hasAPI || len(run) > 1
	defer p.close()
	if err := Check(config, run); err != nil {
		return err
	}
	if err := p.open(); err != nil {
		return err
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.provision(ctx) })
	group.Go(func() error { return p.serve(ctx) })
	for _, host := range run {
		if host.Name == "api" {
			continue // Served already: its listener is the process's.
		}
		group.Go(func() error {
			if err := host.run(ctx, p); err != nil {
				return fmt.Errorf("host %s: %w", host.Name, err)
			}
			log.Debug().Str("host", host.Name).Msg("Host stopped")
			return nil
		})
	}
	return group.Wait()
}

func hasAPI(run []Host) bool {
	return slices.ContainsFunc(run, func(h Host) bool { return h.Name == "api" })
}

// process is what the hosts in one process share.
type process struct {
	config        Config
	log           zerolog.Logger
	hasAPI        bool
	needsTemporal bool

	nats      *nats.Conn
	js        jetstream.JetStream
	temporal  client.Client
	publisher *streams.Publisher
	listener  net.Listener
	// integrations are the carriers' systems: those whose token is set.
	integrations map[string]carriers.Client
	// provisioned is closed when streams and search attributes are there.
	provisioned chan struct{}
}

// open makes the clients, which connect on their own.
func (p *process) open() (err error) {
	if p.nats, p.js, err = Connect(p.config, p.log); err != nil {
		return err
	}
	p.integrations, _ = p.config.carriers.Integrations(p.config.Emulation) // Check has reported the missing ones.
	p.publisher = streams.NewPublisher(p.js, p.config.PublicURL)
	p.temporal, err = client.NewLazyClient(temporalOptions(p.config, p.log))
	if err != nil {
		return fmt.Errorf("make the Temporal client: %w", err)
	}
	return nil
}

func (p *process) close() {
	if p.temporal != nil {
		p.temporal.Close()
	}
	if p.nats != nil {
		p.nats.Close()
	}
	if p.listener != nil {
		_ = p.listener.Close() // The server has closed it; this is for a failed start.
	}
}

// Connect makes a NATS connection that waits for its servers, for as long as
// it takes, and survives their restarts and rotated credentials.
func Connect(config Config, log zerolog.Logger) (*nats.Conn, jetstream.JetStream, error) {
	options := []nats.Option{
		nats.Name("shipments"),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.ReconnectJitter(250*time.Millisecond, time.Second),
		// Two refusals in a row would otherwise close the connection for good.
		nats.IgnoreAuthErrorAbort(),
		// What cannot be sent now is retried by whoever sent it; a buffer would
		// send it behind its back.
		nats.ReconnectBufSize(-1),
		// Every batched read makes a channel of so many messages. The default of
		// 65,536 takes half a megabyte, each time; the longest read are the chunks
		// of a document, of 128 KiB each.
		nats.SyncQueueLen(1024),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn().Err(err).Msg("NATS connection lost; reconnecting")
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { log.Info().Str("server", c.ConnectedUrlRedacted()).Msg("NATS reconnected") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn().Err(err).Msg("NATS reported an error")
		}),
	}
	if config.NATSCreds != "" {
		options = append(options, nats.UserCredentials(config.NATSCreds))
	}
	nc, err := nats.Connect(config.NATSURL, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("NATS_URL: %w", err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, nil, fmt.Errorf("make the JetStream client: %w", err)
	}
	return nc, js, nil
}

func temporalOptions(config Config, log zerolog.Logger) client.Options {
	options := client.Options{
		HostPort:  config.TemporalAddress,
		Namespace: config.TemporalNamespace,
		Logger:    temporalLog{log.With().Str("component", "temporal-sdk").Logger()},
		ConnectionOptions: client.ConnectionOptions{
			TLS: config.temporalTLS,
			// A request has a few kilobytes: to compress it with gzip, the SDK's
			// default, takes both ends longer than to send it.
			GrpcCompression: &client.GrpcCompressionNone{},
		},
	}
	if config.TemporalAPIKey != "" {
		options.Credentials = client.NewAPIKeyStaticCredentials(config.TemporalAPIKey)
	}
	return options
}

// provision makes the streams and search attributes, and tries until it
// succeeds. Only what would have to be forced is an error.
func (p *process) provision(ctx context.Context) error {
	steps := []step{{"NATS at " + p.config.NATSURL + " (NATS_URL)", p.provisionStreams}}
	if p.needsTemporal {
		steps = append(steps, step{p.temporalName(), p.prepareTemporal})
	}
	for _, s := range steps {
		err := p.untilDone(ctx, s)
		var refused *streams.RefusedError
		if errors.As(err, &refused) {
			return fmt.Errorf("the streams cannot be used as they are: %w", err)
		}
	}
	if ctx.Err() == nil {
		close(p.provisioned)
	}
	return nil
}

// step is something that needs a server, which may not be there yet.
type step struct {
	server string // what is waited for, and which variable says where it is
	do     func(context.Context) error
}

func (p *process) temporalName() string {
	return "Temporal at " + p.config.TemporalAddress + " (TEMPORAL_ADDRESS)"
}

// untilDone tries a step until it succeeds, which is no error, or ctx is done,
// which is none either. A refusal is returned.
func (p *process) untilDone(ctx context.Context, s step) error {
	for attempt := 0; ; attempt++ {
		once, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := s.do(once)
		cancel()
		var refused *streams.RefusedError
		if err == nil || errors.As(err, &refused) {
			return err
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // stopping is no error
		}
		if attempt%20 == 1 { // Not at once: in a fresh deployment servers come up late.
			p.log.Warn().Err(err).Msg("Waiting for " + s.server)
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *process) prepareTemporal(ctx context.Context) error {
	return EnsureSearchAttributes(ctx, p.temporal, p.config.TemporalNamespace)
}

func (p *process) provisionStreams(ctx context.Context) error {
	changes, err := streams.Provision(ctx, p.js, p.config.StreamReplicas)
	if err != nil {
		return err
	}
	for _, c := range changes {
		p.log.Info().Str("object", c.Object).Str("setting", c.Setting).Str("change", string(c.Change)).Msg("JetStream provisioned")
	}
	return documents.Provision(ctx, p.js, p.config.StreamReplicas)
}

// serve serves the API, or the health routes alone in a process without it.
func (p *process) serve(ctx context.Context) error {
	if p.listener == nil {
		return nil
	}
	handler := api.Health(p.checks())
	if p.hasAPI {
		handler = p.apiHandler()
	}
	server := api.Server(handler)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(p.listener) }()
	p.log.Info().Str("address", p.listener.Addr().String()).Msg("Serving HTTP")
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.config.DrainTimeout)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil && !errors.Is(err, http.ErrServerClosed) {
		p.log.Warn().Err(err).Msg("Some HTTP requests were cut off")
	}
	return nil
}

// checks are the dependencies of this process.
func (p *process) checks() api.Checks {
	checks := api.Checks{
		"nats": func(ctx context.Context) error {
			differences, err := streams.Check(ctx, p.js, p.config.StreamReplicas)
			if err != nil {
				return errors.New("no answer from JetStream")
			}
			for _, d := range differences {
				if d.Change == streams.Create {
					return fmt.Errorf("%s %s is missing", d.Setting, d.Object)
				}
			}
			if p.publisher.Trouble() != nil {
				return errors.New("JetStream does not store events: its disk may be full")
			}
			return nil
		},
	}
	if p.needsTemporal {
		checks["temporal"] = func(ctx context.Context) error {
			if _, err := p.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
				return errors.New("no answer from Temporal")
			}
			return nil
		}
	}
	return checks
}
