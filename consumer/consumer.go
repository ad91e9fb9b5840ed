package consumer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"shipments/events"
	"shipments/events/streams"
	"shipments/workflows"
)

// Config is how the consumer works. The zero value of a field means its default.
type Config struct {
	// Concurrency is how many messages are handled at once; default 64.
	Concurrency int
	// InFlight is how many shipments may be on their way to their documents, over
	// all instances, before no more messages are pulled; the default 0 is no bound.
	InFlight int
	// MaxDeliveries is how often a message is tried before it is taken for the
	// cause of a crash loop and rejected; default 30. An outage does not count:
	// while Temporal is away a message is held, not delivered again. A request is
	// tried a hundred times as often, since it may wait for its shipment.
	MaxDeliveries uint64
	// DrainTimeout bounds how long stopping waits for the messages that are
	// being handled; default 10 seconds.
	DrainTimeout time.Duration
	// EarlyWait is how long a request (a cancellation, a rebooking) may be ahead
	// of its shipment; default one minute. Then it is rejected.
	EarlyWait time.Duration
	// Settings are handed to every process that is started.
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

// Consumer takes events from JetStream to Temporal. Run it once; any number of
// consumers, in any number of processes, share the work.
type Consumer struct {
	config    Config
	js        jetstream.JetStream
	publisher *streams.Publisher
	temporal  Temporal
	provision func(context.Context) error
	prepare   func(context.Context) error
	waiting   func(context.Context) (int, error)
	log       zerolog.Logger
}

// Dependencies are what a consumer works with.
type Dependencies struct {
	JetStream jetstream.JetStream
	Publisher *streams.Publisher
	Temporal  Temporal
	// ProvisionStreams makes the durable consumer anew when it is missing.
	ProvisionStreams func(context.Context) error
	// PrepareTemporal adds search attributes that the namespace lacks.
	PrepareTemporal func(context.Context) error
	// Waiting counts the processes that no worker has begun yet; it is needed
	// with [Config.InFlight].
	Waiting func(context.Context) (int, error)
	Log     zerolog.Logger
}

// New makes a consumer.
func New(config Config, d Dependencies) *Consumer {
	return &Consumer{
		config:    config.withDefaults(),
		js:        d.JetStream,
		publisher: d.Publisher,
		temporal:  d.Temporal,
		provision: d.ProvisionStreams,
		prepare:   d.PrepareTemporal,
		waiting:   d.Waiting,
		log:       d.Log,
	}
}

// Run works until ctx is done and then drains: it stops pulling, finishes what
// is being handled, hands back what has to wait for Temporal, and returns nil.
// Trouble with JetStream or Temporal does not end it; it goes on when they are back.
func (c *Consumer) Run(ctx context.Context) error {
	// Handling outlives ctx by the drain's bound.
	work, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	slots := make(chan struct{}, c.config.Concurrency)
	h := &handling{
		Consumer:  c,
		stopping:  ctx,
		slots:     slots,
		arrived:   make(chan delivery),
		admission: admission{budget: c.config.InFlight, waiting: c.waiting, handled: func() int { return len(slots) }},
	}
	stopWatching, err := h.admission.watch(c.js.Conn())
	if err != nil {
		return err
	}
	defer stopWatching()
	for range c.config.Concurrency {
		h.busy.Go(func() { h.handleAll(work) })
	}
	for ctx.Err() == nil {
		if err := h.pull(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn().Err(err).Msg("Pulling from JetStream failed; trying again")
			if err := c.provision(ctx); err != nil {
				c.log.Warn().Err(err).Msg("The streams cannot be provisioned")
			}
			pause(ctx, time.Second)
		}
	}
	drained := time.AfterFunc(c.config.DrainTimeout, abandon)
	defer drained.Stop()
	close(h.arrived)
	h.busy.Wait()
	return nil
}

// handling is one run of a consumer.
type handling struct {
	*Consumer

	stopping  context.Context // its end is what handlers ask for, not their own
	slots     chan struct{}
	arrived   chan delivery // to a handler that has a slot: none ever waits in it
	busy      sync.WaitGroup
	outage    outage
	admission admission // used where messages are pulled
}

// pull asks for as many messages as there are free slots and has them handled
// as they arrive. No message ever waits unattended in a buffer of ours.
func (h *handling) pull(ctx context.Context) error {
	// Nobody answers a pull from a consumer that does not exist.
	durable, err := h.js.Consumer(ctx, events.StreamShipments, streams.ConsumerName)
	if err != nil {
		return fmt.Errorf("look up consumer %s: %w", streams.ConsumerName, err)
	}
	p, err := newPuller(h.js, h.config.Concurrency)
	if err != nil {
		return err
	}
	defer p.close()
	for ctx.Err() == nil {
		most := h.config.Concurrency
		select {
		case <-h.outage.isOver():
		case <-time.After(lastBackoff):
			// What is held may have trouble of its own: one more message tells.
			most = 1
		case <-ctx.Done():
		}
		free := h.acquire(ctx, h.admission.admit(ctx, most))
		if free == 0 {
			return nil
		}
		err := p.pull(ctx, free, func(d delivery) {
			free--
			h.admission.admitted()
			// An earlier durable consumer of this name may have had it too.
			d.again = d.meta.NumDelivered > 1 || d.meta.Timestamp.Before(durable.CachedInfo().Created)
			h.arrived <- d
		})
		h.release(free)
		if err != nil {
			return err
		}
	}
	return nil
}

// acquire waits for a free slot and takes all that are free, up to most. It
// takes none when ctx is done.
func (h *handling) acquire(ctx context.Context, most int) int {
	if most == 0 {
		return 0
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n := 1; n < most; n++ {
		select {
		case h.slots <- struct{}{}:
		default:
			return n
		}
	}
	return most
}

func (h *handling) release(n int) {
	for range n {
		<-h.slots
	}
}

// handleAll handles messages, one after the other, as they arrive. There are as
// many of it as slots, and they stay: what handles a message needs a deep
// stack, which would grow anew for each.
func (h *handling) handleAll(ctx context.Context) {
	for d := range h.arrived {
		h.handle(ctx, d)
		h.release(1)
	}
}

// handle judges one message and settles it. A panic is kept from taking the
// other messages down; the message is delivered again, and in the end
// quarantined.
func (h *handling) handle(ctx context.Context, d delivery) {
	defer func() {
		if r := recover(); r != nil {
			h.log.Error().Uint64("sequence", d.meta.Sequence.Stream).Interface("panic", r).Msg("Handling a message panicked")
		}
	}()
	stopKeeping := h.keepAlive(ctx, d)
	defer stopKeeping()
	v := h.judge(ctx, d)
	stopKeeping()
	h.settle(ctx, d, v)
}

// keepAlive tells JetStream, well within AckWait, that the message is being
// worked on, until the returned function is called.
func (h *handling) keepAlive(ctx context.Context, d delivery) (stop func()) {
	done := make(chan struct{})
	h.busy.Go(func() {
		ticker := time.NewTicker(streams.AckWait / 3)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := d.keep(); err != nil {
				h.log.Warn().Err(err).Uint64("sequence", d.meta.Sequence.Stream).Msg("JetStream could not be told that a message is being worked on")
			}
		}
	})
	return sync.OnceFunc(func() { close(done) })
}

// pause waits, or returns false when ctx is done before.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
