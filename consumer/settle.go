package consumer

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/trace"

	"shipments/activities/pace"
)

const (
	// settleTimeout limits settling; it is less than AckWait.
	settleTimeout = 20 * time.Second
	// settleAttemptTimeout limits one attempt at something that JetStream confirms.
	settleAttemptTimeout = 5 * time.Second
)

// settle carries a verdict out. It is the one place that acks, terms or naks a
// message.
//
// A failure or a crash in here leaves the message unsettled. JetStream redelivers
// it, and the same verdict is given without a second effect.
func (s *session) settle(ctx context.Context, d delivery, v verdict) {
	log := s.log.With().
		Uint64("sequence", d.meta.Sequence.Stream).
		Uint64("delivery", d.meta.NumDelivered).
		Str("shipment", v.shipmentID).Logger()
	if v.trace.HasTraceID() {
		log = log.With().Stringer("trace_id", v.trace.TraceID()).Logger()
		ctx = trace.ContextWithRemoteSpanContext(ctx, v.trace)
	}
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()

	if len(v.reasons) > 0 {
		err := retry(ctx, func(ctx context.Context) error { return s.publisher.Reject(ctx, rejection(d, v)) })
		if err != nil {
			v.nak, v.reasons = fmt.Errorf("store the rejection: %w", err), nil
			s.unsettled.begin(v.nak)
		}
	}
	switch {
	case v.effect != "":
		if err := retry(ctx, d.doubleAck); err != nil {
			log.Warn().Err(err).Msg("An ack was not confirmed; the message may be redelivered, without a second effect")
			v.span.Settled(settlementOf(d, v), err)
			s.unsettled.begin(err)
			return
		}
		s.report(ctx, d, v)
		log.Debug().Msg("Event " + v.effect)
	case len(v.reasons) > 0:
		if err := d.term(codesOf(v.reasons)); err != nil {
			log.Warn().Err(err).Msg("The term of a rejected message could not be sent; it will be redelivered, without a second rejection")
			v.span.Settled(settlementOf(d, v), err)
			s.unsettled.begin(err)
			return
		}
		s.report(ctx, d, v)
		log.Info().Str("reasons", codesOf(v.reasons)).Msg("Event rejected")
	default:
		s.report(ctx, d, v)
		logNak(log, d, v)
		if err := d.nak(); err != nil {
			log.Warn().Err(err).Msg("The nak could not be sent; the message will be redelivered after its ack wait")
		}
	}
}

// logNak logs a nak. A request that waits for its shipment gets one every [nakDelay]: it
// is logged at its first delivery, and what becomes of it when it is settled.
func logNak(log zerolog.Logger, d delivery, v verdict) {
	switch {
	case !v.waits:
		log.Warn().Err(v.nak).Msg("A message could not be decided and is nak'd")
	case d.meta.NumDelivered == 1:
		log.Info().Err(v.nak).Str("subject", d.msg.Subject).Msg("A request waits for its shipment")
	default:
		log.Debug().Err(v.nak).Msg("A request still waits for its shipment")
	}
}

// retry repeats do, with at most settleAttemptTimeout for each attempt, until it
// succeeds or ctx is done. Waiting for a reconnect costs less than a redelivery.
func retry(ctx context.Context, do func(context.Context) error) error {
	for {
		attempt, cancel := context.WithTimeout(ctx, settleAttemptTimeout)
		err := do(attempt)
		cancel()
		if err == nil || !pace.Sleep(ctx, 200*time.Millisecond) {
			return err
		}
	}
}
