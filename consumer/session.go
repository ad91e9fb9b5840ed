package consumer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"shipments/activities/pace"
	"shipments/events"
	"shipments/events/streams"
)

// session is one run of a consumer: one goroutine pulls, and a fixed number of
// handlers take what it pulled.
type session struct {
	*Consumer

	stopping context.Context // done when the consumer is to stop; handlers get another one
	sampled  zerolog.Logger  // at most one line per maxBackoff: for warnings that every held message would log
	slots    chan struct{}   // has an element for each message that is requested or being handled
	arrived  chan delivery   // unbuffered: each message has a slot, so a handler is free to receive it
	busy     sync.WaitGroup

	admission admission // used by the goroutine that pulls
}

func newSession(stopping context.Context, c *Consumer) *session {
	slots := make(chan struct{}, c.config.Concurrency)
	return &session{
		Consumer: c,
		stopping: stopping,
		sampled:  c.log.Sample(&zerolog.BurstSampler{Burst: 1, Period: maxBackoff}),
		slots:    slots,
		arrived:  make(chan delivery),
		admission: admission{
			limit: c.config.InFlight, backlog: c.backlog, handling: func() int { return len(slots) },
			onCount: func(inFlight int, atLimit bool) {
				c.inFlight.Store(int64(inFlight))
				c.atLimit.Store(atLimit)
			},
		},
	}
}

// pullUntilStopped pulls until the consumer stops. After an error it provisions the
// streams, because a stream or the durable consumer may be missing, and pulls again.
func (s *session) pullUntilStopped() {
	for s.stopping.Err() == nil {
		err := s.pull(s.stopping)
		if err == nil || s.stopping.Err() != nil {
			continue
		}
		_, first := s.jetStreamOutage.begin(err)
		if first {
			s.log.Warn().Err(err).Msg("Pulling from JetStream fails; it is tried again until it succeeds")
		}
		if err := s.provisionStreams(s.stopping); err != nil && first {
			s.log.Warn().Err(err).Msg("The streams cannot be provisioned")
		}
		pace.Sleep(s.stopping, time.Second)
	}
}

// jetStreamAnswered notes that a pull was answered. It ends the outage of
// JetStream, if there is one.
func (s *session) jetStreamAnswered() {
	s.pulled.Store(true)
	if lasted, ended := s.jetStreamOutage.end(); ended {
		s.log.Info().Dur("lasted", lasted).Msg("Pulling from JetStream succeeds again")
	}
}

// pull requests as many messages as there are free slots, again and again. Each
// message goes to a handler as it arrives; none waits in a buffer, where its ack
// wait could pass.
func (s *session) pull(ctx context.Context) error {
	// The server does not answer a pull from a consumer that does not exist.
	durable, err := s.js.Consumer(ctx, events.StreamShipments, streams.ConsumerName)
	if err != nil {
		return fmt.Errorf("look up consumer %s: %w", streams.ConsumerName, err)
	}
	p, err := newPuller(s.js, s.config.Concurrency)
	if err != nil {
		return err
	}
	defer p.close()
	var deliveries seen
	for ctx.Err() == nil {
		limit := s.config.Concurrency
		select {
		case <-s.temporalOutage.resolved():
		case <-time.After(maxBackoff):
			limit = 1 // If Temporal accepts this one, the outage ends.
		case <-ctx.Done():
		}
		free := s.acquire(ctx, s.admission.admit(ctx, limit))
		if free == 0 {
			return nil
		}
		err := p.pull(ctx, free, func(d delivery) {
			free--
			s.jetStreamAnswered()
			s.admission.pulled()
			s.inputs.arrived(d)
			d.redelivered = deliveries.deliveredBefore(d.meta, durable.CachedInfo().Created)
			s.arrived <- d
		})
		s.release(free)
		if err != nil {
			return err
		}
		s.jetStreamAnswered()
	}
	return nil
}

// acquire waits for a free slot and takes all that are free, at most limit. It
// takes none when ctx is done.
func (s *session) acquire(ctx context.Context, limit int) int {
	if limit == 0 {
		return 0
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n := 1; n < limit; n++ {
		select {
		case s.slots <- struct{}{}:
		default:
			return n
		}
	}
	return limit
}

func (s *session) release(n int) {
	for range n {
		<-s.slots
	}
}

// handleAll handles messages, one after the other, as they arrive. One handler
// runs for each slot, for the life of the session: a goroutine that stays keeps
// its grown stack.
func (s *session) handleAll(ctx context.Context) {
	for d := range s.arrived {
		s.handle(ctx, d)
		s.release(1)
	}
}

// handle decides on one message and settles it. It recovers from a panic, so
// that other messages go on. JetStream then redelivers the message, and after too
// many deliveries it is quarantined.
func (s *session) handle(ctx context.Context, d delivery) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error().Uint64("sequence", d.meta.Sequence.Stream).Interface("panic", r).Msg("Handling a message panicked")
		}
	}()
	defer s.inputs.finished(d)
	stop := s.keepInProgress(ctx, d)
	defer stop()
	v := s.decide(ctx, d)
	stop()
	s.settle(ctx, d, v)
}

// keepInProgress restarts the message's ack wait every third of it, until stop is
// called or ctx is done.
func (s *session) keepInProgress(ctx context.Context, d delivery) (stop func()) {
	return pace.Every(ctx, streams.AckWait/3, func() {
		if err := d.inProgress(); err != nil {
			s.sampled.Warn().Err(err).Uint64("sequence", d.meta.Sequence.Stream).Msg("The ack wait of a message could not be extended")
		}
	})
}
