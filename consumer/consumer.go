package consumer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"go.temporal.io/sdk/converter"

	"shipments/events/streams"
	"shipments/workflows"
)

// Config configures a consumer. The zero value of a field means its default.
type Config struct {
	// Concurrency is how many messages are handled at once; default 64.
	Concurrency int
	// InFlight limits the shipments in flight, over all instances: those whose
	// documents are not generated yet, for at most a minute after they were accepted.
	// At the limit one message per second is still pulled. The default 0 means no
	// limit.
	InFlight int
	// MaxDeliveries is the number of deliveries after which a message is assumed to
	// crash the consumer, and is rejected; default 30. An outage does not count:
	// while Temporal is unavailable a message is held, not redelivered. A request
	// may be delivered a hundred times as often, since it may wait for its shipment.
	MaxDeliveries uint64
	// DrainTimeout limits how long Run waits, when it is stopped, for the messages
	// that are being handled; default 10 seconds.
	DrainTimeout time.Duration
	// EarlyWait is how long a request (a cancellation, a rebooking) may be ahead of
	// its shipment; default one minute. After that it is rejected.
	EarlyWait time.Duration
	// Settings are part of the input of every process that is started.
	Settings workflows.Settings
}

func (c Config) withDefaults() Config {
	if c.Concurrency <= 0 {
		c.Concurrency = 64
	}
	if c.MaxDeliveries == 0 {
		c.MaxDeliveries = 30
	}
	if c.EarlyWait <= 0 {
		c.EarlyWait = time.Minute
	}
	if c.DrainTimeout <= 0 {
		c.DrainTimeout = 10 * time.Second
	}
	return c
}

// Consumer hands the events of the SHIPMENTS stream to Temporal. Any number of
// consumers, in any number of processes, share the work.
type Consumer struct {
	config           Config
	js               jetstream.JetStream
	publisher        *streams.Publisher
	temporal         Temporal
	provisionStreams func(context.Context) error
	prepareTemporal  func(context.Context) error
	searchable       func() bool // nil means yes
	settled          func(context.Context, Settlement)
	tracer           Tracer      // nil makes no spans
	marksOutcome     func() bool // nil means no
	backlog          func(context.Context) (int, error)
	converter        converter.DataConverter
	log              zerolog.Logger

	pulled          atomic.Bool // a pull has been answered
	jetStreamOutage outage
	temporalOutage  outage
	unsettled       outage // messages are held, and none has been settled since
	inputs          inputs
	inFlight        atomic.Int64 // as the admission last counted
	atLimit         atomic.Bool  // the admission lets nothing but a trickle through
}

// Dependencies are what a consumer needs. JetStream, Publisher, Temporal,
// ProvisionStreams and PrepareTemporal are required; so is Backlog if
// [Config.InFlight] is set.
type Dependencies struct {
	JetStream jetstream.JetStream
	Publisher *streams.Publisher
	Temporal  Temporal
	// ProvisionStreams creates the streams and the durable consumer that are missing.
	ProvisionStreams func(context.Context) error
	// PrepareTemporal adds search attributes that the namespace lacks, after Temporal
	// has rejected the arguments of a start.
	PrepareTemporal func(context.Context) error
	// Searchable reports whether processes are started with search attributes; by
	// default they are.
	Searchable func() bool
	// MarksOutcome reports whether processes that start may set the search attribute
	// [workflows.OutcomeAttribute]; by default they may not, since the namespace has to
	// have it.
	MarksOutcome func() bool
	// Backlog counts the processes that no worker has begun yet.
	Backlog func(context.Context) (int, error)
	// Settled is called, by several goroutines at once, with what became of each
	// delivery; optional. The context has the trace of the message.
	Settled func(context.Context, Settlement)
	// Tracer makes the spans of messages; optional.
	Tracer Tracer
	// Converter is that of the Temporal client; default the SDK's default.
	Converter converter.DataConverter
	Log       zerolog.Logger
}

// New makes a consumer.
func New(config Config, d Dependencies) *Consumer {
	if d.Converter == nil {
		d.Converter = converter.GetDefaultDataConverter()
	}
	return &Consumer{
		config:           config.withDefaults(),
		js:               d.JetStream,
		publisher:        d.Publisher,
		temporal:         d.Temporal,
		provisionStreams: d.ProvisionStreams,
		prepareTemporal:  d.PrepareTemporal,
		searchable:       d.Searchable,
		marksOutcome:     d.MarksOutcome,
		settled:          d.Settled,
		tracer:           d.Tracer,
		backlog:          d.Backlog,
		converter:        d.Converter,
		log:              d.Log,
	}
}

// Run works until ctx is done. Then it stops pulling, finishes the messages that are
// being handled, gives a nak to those that would have to be retried, and returns nil.
// An outage of JetStream or Temporal does not end Run; its beginning and its end are
// one log line each. If the outcome events cannot be followed, that is logged, and
// more shipments may be in flight than [Config.InFlight] says.
//
// Run may be called once.
func (c *Consumer) Run(ctx context.Context) error {
	s := newSession(ctx, c)
	var following sync.WaitGroup
	following.Go(func() {
		if err := s.admission.follow(ctx, c.js); err != nil {
			c.log.Error().Err(err).Msg("The shipments in flight cannot be followed; more may be in flight than the limit")
		}
	})
	defer following.Wait()

	// Once pulling has stopped, at most finishTimeout after ctx is done, handlers go on
	// for at most DrainTimeout.
	work, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	for range c.config.Concurrency {
		s.busy.Go(func() { s.handleAll(work) })
	}
	s.pullUntilStopped()
	defer time.AfterFunc(c.config.DrainTimeout, abandon).Stop()
	close(s.arrived)
	s.busy.Wait()
	return nil
}
