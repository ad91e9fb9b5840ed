package traces

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"shipments/consumer"
	"shipments/events"
)

// Consumer makes the spans of a consumer's messages; nil if there are none.
func (t *Traces) Consumer() consumer.Tracer {
	if t == nil {
		return nil
	}
	return consumerTracer{t}
}

type consumerTracer struct{ *Traces }

// Begin implements [consumer.Tracer]. An event without a traceparent begins a trace,
// which is the same one when the event is delivered again.
func (t consumerTracer) Begin(ctx context.Context, m consumer.TracedMessage) (context.Context, consumer.Span) {
	s := &messageSpan{traces: t.Traces, message: m, destination: destination(m.Subject)}
	publisher := ctx
	switch {
	case m.Parent != "":
		publisher = m.Continue(ctx)
	case m.Event.ID != "":
		publisher = withTraceID(ctx, derivedID("event", m.Event.Source, m.Event.ID))
	}
	s.publisher = trace.SpanContextFromContext(publisher)
	ctx, s.span = t.start(publisher, "process "+s.destination, trace.SpanKindConsumer, s.deliver, at(m.Began),
		trace.WithAttributes(messaging("process", "process", s.destination)...), trace.WithAttributes(s.about()...))
	return ctx, s
}

// destination is the template of the subject that an input came to. A publisher may
// have made anything up: it is no name then.
func destination(subject string) string {
	eventType, id := events.SplitSubject(subject)
	row, known := events.Lookup(eventType)
	switch {
	case !known || row.Kind != events.KindInput:
		return "unknown"
	case id == "":
		return eventType
	}
	return template(eventType)
}

// messageSpan is the span of a message. After HandOver it is that of its settlement.
type messageSpan struct {
	traces      *Traces
	message     consumer.TracedMessage
	destination string
	publisher   trace.SpanContext
	span        trace.Span

	// exports has an ended span exported; nil means soon.
	exports func([]sdk.ReadOnlySpan)
}

func (s *messageSpan) about() []attribute.KeyValue {
	a := []attribute.KeyValue{
		attribute.Int64("shipments.stream_sequence", int64(s.message.Sequence)), attribute.Int64("shipments.delivery", int64(s.message.Deliveries)),
	}
	if s.message.Event.ID != "" {
		a = append(a, attribute.String("messaging.message.id", s.message.Event.ID))
	}
	if s.message.ShipmentID != "" {
		a = append(a, attribute.String(keyShipment, s.message.ShipmentID))
	}
	return a
}

func (s *messageSpan) deliver(spans []sdk.ReadOnlySpan) {
	if s.exports != nil {
		s.exports(spans)
		return
	}
	s.traces.queue.add(spans)
}

// HandOver implements [consumer.Span]. The process has the span as its parent only
// once it is exported: if this process is killed, none is left without its parent.
// If the collector does not answer soon, the parent is the publisher's span.
func (s *messageSpan) HandOver(ctx context.Context) context.Context {
	if !s.span.SpanContext().IsSampled() {
		return ctx
	}
	exported := false
	s.exports = func(spans []sdk.ReadOnlySpan) { exported = s.traces.queue.confirm(ctx, spans) }
	s.span.End()
	s.exports = nil

	own := s.span.SpanContext()
	parent := s.publisher.SpanID()
	if exported {
		parent = own.SpanID()
	}
	base := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: own.TraceID(), SpanID: parent, TraceFlags: trace.FlagsSampled, TraceState: own.TraceState(), Remote: true,
	})
	now := time.Now()
	way := traceContext{base: base, start: now, at: now}
	begun, options := way.begin(ctx)
	_, s.span = s.traces.start(begun, "settle "+s.destination, trace.SpanKindClient, s.deliver, append(options,
		trace.WithAttributes(messaging("settle", "settle", s.destination)...), trace.WithAttributes(s.about()...))...)
	return withTraceContext(ctx, way)
}

// Settled implements [consumer.Span].
func (s *messageSpan) Settled(settlement consumer.Settlement, err error) {
	s.span.SetAttributes(attribute.String("shipments.result", settlement.Result))
	if len(settlement.Reasons) > 0 {
		var codes []string
		for _, r := range settlement.Reasons {
			if !slices.Contains(codes, r.Code) {
				codes = append(codes, r.Code)
			}
		}
		s.span.SetAttributes(attribute.String("shipments.reasons", strings.Join(codes, ",")))
	}
	if err != nil {
		s.span.SetStatus(codes.Error, err.Error())
	}
	s.span.End()
}
