package consumer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"shipments/events"
	"shipments/shipment"
)

// verdict is what becomes of a message. Exactly one of effect, reasons and handBack is set.
type verdict struct {
	// effect says what the event did: its message is acknowledged.
	effect string
	// reasons say why the event is rejected.
	reasons []shipment.Reason
	// handBack says why the message has to be delivered again later.
	handBack error

	shipmentID string
}

// handBackDelay is how long JetStream waits before it delivers a message again
// that was handed back.
const handBackDelay = 5 * time.Second

const (
	// settleTimeout bounds settling; it is less than AckWait.
	settleTimeout = 20 * time.Second
	// answerTimeout bounds one attempt at an answer that JetStream confirms.
	answerTimeout = 5 * time.Second
)

// settle carries a verdict out. It is the one place that acknowledges,
// terminates or hands back a message.
//
// Whatever fails or crashes in here leaves the message unsettled: it is
// delivered again and judged the same way, without a second effect.
func (h *handling) settle(ctx context.Context, d delivery, v verdict) {
	log := h.log.With().
		Uint64("sequence", d.meta.Sequence.Stream).
		Uint64("delivery", d.meta.NumDelivered).
		Str("shipment", v.shipmentID).Logger()
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()

	if len(v.reasons) > 0 {
		err := repeatedly(ctx, func(ctx context.Context) error { return h.publisher.Reject(ctx, rejection(d, v)) })
		if err != nil {
			v = verdict{handBack: fmt.Errorf("store the rejection: %w", err)}
		}
	}
	switch {
	case v.effect != "":
		if err := repeatedly(ctx, d.acknowledge); err != nil {
			log.Warn().Err(err).Msg("An acknowledgement was not confirmed; the message will be delivered again and recognised")
			return
		}
		log.Debug().Msg("Event " + v.effect)
	case len(v.reasons) > 0:
		if err := d.terminate(codes(v.reasons)); err != nil {
			log.Warn().Err(err).Msg("A rejected message could not be terminated; it will be delivered again and recognised")
			return
		}
		log.Info().Str("reasons", codes(v.reasons)).Msg("Event rejected")
	default:
		log.Warn().Err(v.handBack).Msg("Message handed back to JetStream")
		if err := d.handBack(handBackDelay); err != nil {
			log.Warn().Err(err).Msg("The message could not be handed back; it will be delivered again after its time to acknowledge")
		}
	}
}

// repeatedly tries until it succeeds or ctx is done: a connection that is lost
// and found again in between costs less than another delivery.
func repeatedly(ctx context.Context, do func(context.Context) error) error {
	for {
		once, cancel := context.WithTimeout(ctx, answerTimeout)
		err := do(once)
		cancel()
		if err == nil || !pause(ctx, 200*time.Millisecond) {
			return err
		}
	}
}

// judge decides what becomes of a message.
func (h *handling) judge(ctx context.Context, d delivery) verdict {
	subject := d.msg.Subject
	if d.meta.NumDelivered > h.mostDeliveries(subject) {
		return h.quarantine(ctx, d)
	}
	if d.headersLost() {
		return rejected("", subject, []shipment.Reason{{Code: events.CodeInvalidHeader, Message: "the message's headers cannot be read"}})
	}
	rules := h.config.Settings.Rules
	if created, ok := events.PlainCreated(d.msg.Header, d.msg.Data, subject, rules); ok {
		return h.start(ctx, d, created).of(created.Data.ShipmentID)
	}
	ev, reasons := events.Decode(d.msg.Header, d.msg.Data)
	if len(reasons) > 0 {
		return rejected("", subject, reasons)
	}
	if events.IsRequest(ev.Type()) {
		request, reasons := events.ParseRequest(ev, subject)
		if len(reasons) > 0 {
			return rejected(request.ShipmentID, subject, reasons)
		}
		return h.request(ctx, d, request).of(request.ShipmentID)
	}
	created, reasons := events.ParseCreated(ev, subject, rules)
	if len(reasons) > 0 {
		return rejected(created.Data.ShipmentID, subject, reasons)
	}
	return h.start(ctx, d, created).of(created.Data.ShipmentID)
}

// mostDeliveries is how often a message may be delivered. One that requests
// something is handed back while its shipment is still to come, which is no crash.
func (h *handling) mostDeliveries(subject string) uint64 {
	const patience = 100
	if events.IsRequest(events.SubjectType(subject)) {
		return patience * h.config.MaxDeliveries
	}
	return h.config.MaxDeliveries
}

func (v verdict) of(shipmentID string) verdict {
	v.shipmentID = shipmentID
	return v
}

// rejected is the verdict on an event with reasons, whose shipment is that of
// its data or, failing that, of its subject.
func rejected(id, subject string, reasons []shipment.Reason) verdict {
	if !shipment.ValidID(id) {
		id = events.SubjectShipment(subject)
	}
	return verdict{shipmentID: id, reasons: reasons}
}

func rejection(d delivery, v verdict) events.Rejection {
	return events.Rejection{
		ShipmentID: v.shipmentID,
		Reasons:    v.reasons,
		Input: events.Input{
			Stream:         d.meta.Stream,
			StreamSequence: d.meta.Sequence.Stream,
			Subject:        d.msg.Subject,
			StoredAt:       d.meta.Timestamp.UTC(),
			Deliveries:     d.meta.NumDelivered,
			Headers:        events.EscapeHeaders(d.msg.Header),
			Data:           d.msg.Data,
		},
	}
}

func codes(reasons []shipment.Reason) string {
	list := make([]string, 0, len(reasons))
	for _, r := range reasons {
		if text := r.Code + " " + r.Path; len(strings.Join(list, ", "))+len(text) < 200 {
			list = append(list, strings.TrimSpace(text))
		}
	}
	return strings.Join(list, ", ")
}
