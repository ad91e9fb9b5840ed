package hosts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/errgroup"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/api"
	"shipments/api/presence"
	"shipments/events/streams"
	"shipments/hosts/metrics"
	"shipments/hosts/traces"
)

// Run runs hosts until ctx is done, then drains them and returns nil. The
// configuration must be valid.
//
// It waits for NATS and Temporal, at the start and later. It ends with an error
// where waiting does not help: a [*ConfigError] for what [Check] finds, an
// [*UnusableError] for a server that cannot be used, another one for a port that
// is taken.
//
//	listeners     ─ bound first, so that a taken port is an error at start
//	provision     ─ streams and search attributes, tried until it succeeds
//	hosts         ─ each waits for what it needs of that; the first error stops all
//	NATS          ─ closed last: what is drained still publishes
func Run(ctx context.Context, config Config, run []Host, log zerolog.Logger) error {
	if err := Check(config, run); err != nil {
		return err
	}
	listeners, err := listen(ctx, config, run)
	if err != nil {
		return err
	}
	return RunOn(ctx, listeners, config, run, log)
}

// RunOn is [Run] with listeners that are bound already. They are closed in any
// case. The addresses in the configuration are not listened on.
func RunOn(ctx context.Context, listeners Listeners, config Config, run []Host, log zerolog.Logger) error {
	worker.SetStickyWorkflowCacheSize(stickyCacheSize)
	rt := newRuntime(listeners, config, run, log)
	defer rt.close()
	if err := Check(config, run); err != nil {
		return err
	}
	if listeners.HTTP != nil && servesHTTP(run) {
		if err := config.checkExposure(listeners.HTTP.Addr().String()); err != nil {
			return err
		}
	}
	rt.announce()
	if err := rt.open(); err != nil {
		return err
	}
	for _, host := range run {
		rt.loops.follow(host.Name, rt.starting)
	}
	rt.loops.follow("publishing", rt.publishing)

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return rt.provision(ctx) })
	group.Go(func() error { return serveAdmin(ctx, rt) })
	group.Go(func() error {
		presence.Tell(ctx, rt.nats, rt.presence)
		return nil
	})
	for _, host := range run {
		group.Go(func() error {
			if err := host.run(ctx, rt); err != nil {
				return fmt.Errorf("host %s: %w", host.Name, err)
			}
			stopped := rt.hostLog(host.Name)
			stopped.Debug().Msg("Host stopped")
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
	// name is that of the process, which started then.
	name    string
	started time.Time
	// log names all hosts, and plainLog none.
	log, plainLog zerolog.Logger

	listeners Listeners
	nats      *nats.Conn
	js        jetstream.JetStream
	temporal  client.Client
	publisher *streams.Publisher
	// integrations are the carriers' systems: those whose token is set.
	integrations map[string]carriers.Client

	natsOutage, temporalOutage outage
	waits                      waits
	metrics                    *metrics.Metrics
	traces                     *traces.Traces // nil makes none
	loops                      loops
	polls                      polls
	searchable                 searchable
	tokens                     activities.TokenWatch
	// streamsReady is closed when the streams are provisioned, temporalReached when
	// Temporal has answered, temporalReady when it has the search attributes too.
	streamsReady, temporalReached, temporalReady chan struct{}
}

func newRuntime(listeners Listeners, config Config, run []Host, log zerolog.Logger) *runtime {
	plain := log.With().Str("version", ReadVersion().Version).Logger()
	log = plain.With().Str("host", strings.Join(namesOf(run), ",")).Logger()
	return &runtime{
		config: config, hosts: run, plainLog: plain, log: log, listeners: listeners, name: processName(), started: time.Now(),
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

// hostLog is the logger of one host.
func (rt *runtime) hostLog(name string) zerolog.Logger {
	return rt.plainLog.With().Str("host", name).Logger()
}

// announce logs what starts, and what its operator may not expect.
func (rt *runtime) announce() {
	rt.log.Info().Strs("hosts", rt.about.Hosts).Msg("Starting")
	for _, w := range rt.config.Warnings() {
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
	if err := rt.measure(); err != nil {
		return err
	}
	if err := rt.trace(); err != nil {
		return err
	}
	rt.watchTokens()
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
	rt.closeTraces()
	if rt.nats != nil {
		rt.nats.Close()
	}
	rt.listeners.close() // The servers have closed them; this is for a failed start.
}

func (rt *runtime) needsTemporal() bool {
	return slices.ContainsFunc(rt.hosts, func(h Host) bool { return h.temporal })
}
