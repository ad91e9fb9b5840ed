package consumer

import (
	"context"
	"time"
)

const (
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 10 * time.Second
)

// retryUntilDecided repeats an attempt until it gives a verdict. When the
// consumer stops before that, the message gets a nak.
//
// The first message that finds Temporal unavailable begins an outage. Pulling then
// pauses, except for one message every [maxBackoff], which shows whether Temporal is
// unavailable for the held messages only. Held messages stay in progress. The first
// answer wakes all of them. A message that is woken and fails again keeps its own
// backoff and begins no outage. If the server asked for a delay, the message waits for
// it and is not woken.
//
// A redelivered message whose rejection is stored is not attempted again, so that a
// rejected event has no effect.
func (s *session) retryUntilDecided(ctx context.Context, d delivery, shipmentID string, attempt func() (verdict, error)) verdict {
	woken := false
	for backoff := firstBackoff; ; backoff = min(2*backoff, maxBackoff) {
		v, err := s.rejectedBefore(ctx, &d, shipmentID)
		if err == nil && v.effect != "" {
			return v
		}
		if err == nil {
			v, err = attempt()
		}
		if err == nil {
			s.temporalAnswered()
			return v
		}
		var resolved <-chan struct{} // nil: nothing wakes this message
		class := classify(err)
		if class == unavailable && !woken {
			resolved = s.temporalUnavailable(err)
		} else {
			s.sampled.Warn().Err(err).Str("shipment", shipmentID).Func(withTraceID(ctx)).Msg("An event is held and retried")
			s.unsettled.begin(err)
		}
		if class != unavailable && class != jetStreamFailed {
			s.temporalAnswered()
		}
		delay := retryDelay(err)
		if delay > 0 {
			resolved = nil
		}
		select {
		case <-time.After(max(backoff, delay)):
		case <-resolved:
		case <-s.stopping.Done():
			return verdict{nak: err}
		}
		select {
		case <-resolved: // If both were ready, the first select may have taken the backoff.
			woken = true
		default:
		}
	}
}

// rejectedBefore returns the verdict on a message whose rejection is stored,
// although it was not settled; the verdict is empty for any other message.
func (s *session) rejectedBefore(ctx context.Context, d *delivery, shipmentID string) (verdict, error) {
	if !d.redelivered {
		return verdict{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	rejected, err := s.publisher.Rejected(ctx, rejection(*d, verdict{shipmentID: shipmentID}))
	if err != nil {
		return verdict{}, &jetStreamError{err}
	}
	d.redelivered = false // The next attempt need not ask again.
	if rejected {
		return verdict{effect: "seen before: it was rejected", repeat: true}, nil
	}
	return verdict{}, nil
}

// temporalUnavailable begins the outage of Temporal, unless it has begun, and
// returns a channel that is closed when it is over.
func (s *session) temporalUnavailable(err error) (resolved <-chan struct{}) {
	resolved, first := s.temporalOutage.begin(err)
	if first {
		s.log.Warn().Err(err).Msg("Temporal is unavailable; pulling pauses until it answers")
	}
	return resolved
}

// temporalAnswered ends the outage of Temporal, if there is one.
func (s *session) temporalAnswered() {
	if lasted, ended := s.temporalOutage.end(); ended {
		s.log.Info().Dur("lasted", lasted).Msg("Temporal answers again")
	}
}
