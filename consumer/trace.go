package consumer

import (
	"context"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"shipments/events"
)

// Tracer makes the spans of the messages that a consumer handles.
type Tracer interface {
	// Begin begins the span of a message. The context that it returns carries the span, or
	// the trace context of the publisher if it is not sampled.
	Begin(ctx context.Context, m TracedMessage) (context.Context, Span)
}

// Span is the span of a message. Its methods are called by one goroutine.
type Span interface {
	// HandOver ends the span of processing just before the process is started, and begins
	// one of settling. The context that it returns makes the process continue the trace.
	HandOver(ctx context.Context) context.Context
	// Settled ends the span. The error is that of a nak.
	Settled(s Settlement, err error)
}

// TracedMessage is what a span says of a message.
type TracedMessage struct {
	Subject              string
	Began                time.Time // when its handling began
	Sequence, Deliveries uint64
	// Event and ShipmentID are those of the event; empty if it could not be read.
	Event      events.EventRef
	ShipmentID string
	// Parent is the traceparent of the publisher, and State its tracestate; both are
	// empty without a valid one.
	Parent, State string
}

// tracedMessage describes a message. The traceparent of its headers, which is that of
// the last hop, is used; the event's is used if the headers have none.
func tracedMessage(d delivery) TracedMessage {
	m := TracedMessage{Subject: d.msg.Subject, Began: time.Now(), Sequence: d.meta.Sequence.Stream, Deliveries: d.meta.NumDelivered}
	m.Parent, m.State = events.HeaderTraceContext(d.msg.Header)
	return m
}

// setEvent notes the event that the message has.
func (m *TracedMessage) setEvent(ev event.Event) {
	m.Event = events.EventRef{ID: ev.ID(), Source: ev.Source()}
	if m.Parent == "" {
		m.Parent, m.State = events.EventTraceContext(ev)
	}
}

// begin begins the span of a message.
func (s *session) begin(ctx context.Context, m TracedMessage) (context.Context, Span) {
	if s.tracer != nil {
		return s.tracer.Begin(ctx, m)
	}
	if m.Parent == "" {
		return ctx, noSpan{}
	}
	return m.Continue(ctx), noSpan{}
}

// Continue returns a context that has the publisher's trace, if there is one.
func (m TracedMessage) Continue(ctx context.Context) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": m.Parent, "tracestate": m.State})
}

// noSpan is the span of a consumer without a tracer.
type noSpan struct{}

func (noSpan) HandOver(ctx context.Context) context.Context { return ctx }
func (noSpan) Settled(Settlement, error)                    {}

// withTraceID adds the trace of a context to a log line, if it has one.
func withTraceID(ctx context.Context) func(*zerolog.Event) {
	return func(e *zerolog.Event) {
		if id := trace.SpanContextFromContext(ctx).TraceID(); id.IsValid() {
			e.Stringer("trace_id", id)
		}
	}
}
