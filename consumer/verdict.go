package consumer

import (
	"context"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"go.opentelemetry.io/otel/trace"

	"shipments/events"
	"shipments/shipment"
)

// verdict is what becomes of a message. Exactly one of effect, reasons and nak is
// set.
type verdict struct {
	// effect: the event had this effect, now or before. The message is acked.
	effect string
	repeat bool // it had the effect before
	// reasons: the event is rejected for these. The message is termed.
	reasons []shipment.Reason
	// nak: the message is to be redelivered later, because of this.
	nak error
	// waits: the nak is of a request that waits for its shipment, as a request may.
	waits bool

	shipmentID string
	// span is that of the message, and trace its trace.
	span  Span
	trace trace.SpanContext
}

// nakDelay is the time from a nak to the redelivery.
const nakDelay = 5 * time.Second

// decide decides what becomes of a message.
func (s *session) decide(ctx context.Context, d delivery) verdict {
	subject, m := d.msg.Subject, tracedMessage(d)
	if d.meta.NumDelivered > s.maxDeliveries(subject) {
		ctx, span := s.begin(ctx, m)
		return s.quarantine(ctx, d).traced(ctx, span)
	}
	if d.headersLost() {
		ctx, span := s.begin(ctx, m)
		return rejected("", subject, []shipment.Reason{{Code: events.CodeInvalidHeader, Message: "the message's headers cannot be read"}}).traced(ctx, span)
	}
	ev, reasons := events.Decode(d.msg.Header, d.msg.Data)
	if len(reasons) > 0 {
		ctx, span := s.begin(ctx, m)
		return rejected("", subject, reasons).traced(ctx, span)
	}
	m.setEvent(ev)
	if events.IsRequest(ev.Type()) {
		return s.decideOnRequest(ctx, d, m, ev)
	}
	return s.decideOnCreated(ctx, d, m, ev)
}

func (s *session) decideOnRequest(ctx context.Context, d delivery, m TracedMessage, ev event.Event) verdict {
	request, reasons := events.ParseRequest(ev, m.Subject)
	m.ShipmentID = request.ShipmentID
	ctx, span := s.begin(ctx, m)
	if len(reasons) > 0 {
		return rejected(request.ShipmentID, m.Subject, reasons).traced(ctx, span)
	}
	return s.request(ctx, d, request).of(request.ShipmentID).traced(ctx, span)
}

func (s *session) decideOnCreated(ctx context.Context, d delivery, m TracedMessage, ev event.Event) verdict {
	rules := s.config.Settings.Rules
	created, reasons := events.ParseCreated(ev, m.Subject, rules)
	if len(reasons) == 0 {
		if reason := rules.TooFarAhead(created.Data, time.Now()); reason != nil {
			reasons = append(reasons, *reason)
		}
	}
	m.ShipmentID = created.Data.ShipmentID
	ctx, span := s.begin(ctx, m)
	if len(reasons) > 0 {
		return rejected(created.Data.ShipmentID, m.Subject, reasons).traced(ctx, span)
	}
	if created.TraceParent == "" { // The outcome events continue the trace of the headers then.
		created.TraceParent, created.TraceState = m.Parent, m.State
	}
	return s.start(span.HandOver(ctx), d, created).of(created.Data.ShipmentID).traced(ctx, span)
}

// maxDeliveries is how often a message of a subject may be delivered. A request may be
// delivered requestFactor times as often: it gets a nak until its shipment's process
// has started.
func (s *session) maxDeliveries(subject string) uint64 {
	const requestFactor = 100
	if eventType, _ := events.SplitSubject(subject); events.IsRequest(eventType) {
		return requestFactor * s.config.MaxDeliveries
	}
	return s.config.MaxDeliveries
}

func (v verdict) of(shipmentID string) verdict {
	v.shipmentID = shipmentID
	return v
}

func (v verdict) traced(ctx context.Context, span Span) verdict {
	v.span, v.trace = span, trace.SpanContextFromContext(ctx)
	return v
}

// rejected is the verdict on an event that has reasons. id is the shipment id of
// its data; if it is not valid, that of the subject is used.
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

func codesOf(reasons []shipment.Reason) string {
	list := make([]string, 0, len(reasons))
	for _, r := range reasons {
		if text := r.Code + " " + r.Path; len(strings.Join(list, ", "))+len(text) < 200 {
			list = append(list, strings.TrimSpace(text))
		}
	}
	return strings.Join(list, ", ")
}
