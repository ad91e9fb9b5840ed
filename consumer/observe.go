package consumer

import (
	"context"
	"sync"
	"time"

	"shipments/events"
	"shipments/shipment"
)

// The results of a [Settlement].
const (
	ResultAccepted = "accepted" // the event has had its effect
	ResultRepeat   = "repeat"   // its effect was there already
	ResultRejected = "rejected"
	ResultNak      = "nak" // it is redelivered later
)

// Settlement is what became of a delivery.
type Settlement struct {
	// Type is the event type of the message's subject.
	Type   string
	Result string
	// Reasons are those of a rejection.
	Reasons []shipment.Reason
	// Age is the time since the message was stored.
	Age         time.Duration
	Redelivered bool
}

// State is what a consumer does at a moment.
type State struct {
	// Pending is how many messages waited when the last one was delivered.
	Pending uint64
	// Oldest is the store time of the oldest message that is being handled. If there is
	// none but messages are pending, it is that of the last delivered message; otherwise
	// it is zero.
	Oldest time.Time
	// InFlight are the shipments in flight, as the admission last counted them, and
	// Limit is how many there may be; both are 0 without a limit.
	InFlight, Limit int
	// Why pulling is limited to a trickle; none is set if it is not.
	TemporalAway, JetStreamAway, AtLimit bool
}

// State returns what the consumer does now. It may be called at any time.
func (c *Consumer) State() State {
	s := c.inputs.state()
	s.Limit = c.config.InFlight
	s.InFlight, s.AtLimit = int(c.inFlight.Load()), c.atLimit.Load()
	s.TemporalAway, s.JetStreamAway = c.temporalOutage.on(), c.jetStreamOutage.on()
	return s
}

// inputs follows the messages that are being handled. The zero value is ready for use,
// and it is safe for concurrent use.
type inputs struct {
	mu       sync.Mutex
	handling map[uint64]time.Time // store times by sequence
	pending  uint64
	last     time.Time // store time of the last delivered message
}

func (i *inputs) arrived(d delivery) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.handling == nil {
		i.handling = map[uint64]time.Time{}
	}
	i.handling[d.meta.Sequence.Stream] = d.meta.Timestamp
	i.pending, i.last = d.meta.NumPending, d.meta.Timestamp
}

func (i *inputs) finished(d delivery) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.handling, d.meta.Sequence.Stream)
}

func (i *inputs) state() State {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := State{Pending: i.pending}
	for _, stored := range i.handling {
		if s.Oldest.IsZero() || stored.Before(s.Oldest) {
			s.Oldest = stored
		}
	}
	if s.Oldest.IsZero() && i.pending > 0 {
		s.Oldest = i.last
	}
	return s
}

// report reports what became of a delivery. Only an ack or a term
// ends the outage of settling.
func (s *session) report(ctx context.Context, d delivery, v verdict) {
	if v.nak == nil {
		s.unsettled.end()
	}
	settlement := settlementOf(d, v)
	v.span.Settled(settlement, v.nak)
	if s.settled != nil {
		s.settled(ctx, settlement)
	}
}

func settlementOf(d delivery, v verdict) Settlement {
	eventType, _ := events.SplitSubject(d.msg.Subject)
	result := ResultNak
	switch {
	case v.repeat:
		result = ResultRepeat
	case v.effect != "":
		result = ResultAccepted
	case len(v.reasons) > 0:
		result = ResultRejected
	}
	return Settlement{
		Type: eventType, Result: result, Reasons: v.reasons, Age: time.Since(d.meta.Timestamp), Redelivered: d.meta.NumDelivered > 1,
	}
}
