package hosts

import (
	"context"
	"fmt"
	"net"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/errgroup"

	"shipments/activities/carriers"
	"shipments/api"
	"shipments/events/streams"
)

// Run runs hosts until ctx is done, then drains them and returns nil. The
// configuration must be valid.
//
// It waits for NATS and Temporal, at the start and later. It ends with an error
// where waiting does not help: a [*ConfigError] for what [Check] finds, an
// [*UnusableError] for a server that cannot be used, another one for a port that
// is taken.
//
//	HTTP listener ─ bound first, so that a taken port is an error at start
//	provision     ─ streams and search attributes, tried until it succeeds
//	hosts         ─ each waits for what it needs of that; the first error stops all
//	NATS          ─ closed last: what is drained still publishes
func Run(ctx context.Context, config Config, run []Host, log zerolog.Logger) error {
	if err := Check(config, run); err != nil {
		return err
	}
	address := config.HealthAddr
	if servesHTTP(run) {
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
	rt := newRuntime(listener, config, run, log)
	defer rt.close()
	if err := Check(config, run); err != nil {
		return err
	}
	rt.announce()
	if err := rt.open(); err != nil {
		return err
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return rt.provision(ctx) })
	if !servesHTTP(run) {
		group.Go(func() error { return serveHealth(ctx, rt) })
	}
	for _, host := range run {
		group.Go(func() error {
			if err := host.run(ctx, rt); err != nil {
				return fmt.Errorf("host %s: %w", host.Name, err)
			}
			log.Debug().Str("host", host.Name).Msg("Host stopped")
			return nil
		})
	}
	return group.Wait()
}

// runtime is what the hosts in one process share.
type runtime struct {
	config Config
	hosts  []Host
	about  api.About
	log    zerolog.Logger

	listener  net.Listener // nil: no HTTP
	nats      *nats.Conn
	js        jetstream.JetStream
	temporal  client.Client
	publisher *streams.Publisher
	// integrations are the carriers' systems: those whose token is set.
	integrations map[string]carriers.Client

	natsOutage, temporalOutage outage
	waits                      waits
	// streamsReady is closed when the streams are provisioned, temporalReached when
	// Temporal has answered, temporalReady when it has the search attributes too.
	streamsReady, temporalReached, temporalReady chan struct{}
}

func newRuntime(listener net.Listener, config Config, run []Host, log zerolog.Logger) *runtime {
	return &runtime{
		config: config, hosts: run, log: log, listener: listener,
		about: api.About{
			Version: ReadVersion().Version, Hosts: namesOf(run), SimulatedCarriers: simulatedCarriers(config, run),
		},
		natsOutage:      outage{log: log, gone: "NATS is not connected", back: "NATS is connected again"},
		temporalOutage:  outage{log: log, gone: "Temporal does not answer", back: "Temporal answers again"},
		streamsReady:    make(chan struct{}),
		temporalReached: make(chan struct{}),
		temporalReady:   make(chan struct{}),
	}
}

// announce logs what starts, and what its operator may not expect.
func (rt *runtime) announce() {
	rt.log.Info().Str("version", rt.about.Version).Strs("hosts", rt.about.Hosts).Msg("Starting")
	for _, w := range slices.Concat(rt.config.UnknownVariables(), rt.config.ineffective(rt.hosts)) {
		rt.log.Warn().Str("variable", w.Variable).Msg(w.Text)
	}
	if simulated := rt.about.SimulatedCarriers; len(simulated) > 0 {
		rt.log.Warn().Strs("carriers", simulated).Msg("Carriers are simulated: nothing is really manifested or collected")
	}
}

// open makes the clients, which connect on their own.
func (rt *runtime) open() (err error) {
	if rt.nats, rt.js, err = connect(rt); err != nil {
		return err
	}
	rt.integrations, _ = rt.config.carriers.Integrations(rt.config.Emulation) // Check has reported the missing ones.
	rt.publisher = streams.NewPublisher(rt.js, rt.config.PublicURL)
	rt.temporal, err = client.NewLazyClient(temporalOptions(rt))
	if err != nil {
		return fmt.Errorf("make the Temporal client: %w", err)
	}
	return nil
}

func (rt *runtime) close() {
	if rt.temporal != nil {
		rt.temporal.Close()
	}
	if rt.nats != nil {
		rt.nats.Close()
	}
	if rt.listener != nil {
		_ = rt.listener.Close() // The server has closed it; this is for a failed start.
	}
}

func (rt *runtime) needsTemporal() bool {
	return slices.ContainsFunc(rt.hosts, func(h Host) bool { return h.temporal })
}
