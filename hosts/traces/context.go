package traces

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// longWait is the time without a sign of a process after which its spans are in a
// new trace: who samples or shows traces does not wait for days.
const longWait = time.Hour

// traceContext is what one process hands to the next so that spans are in one trace. There
// is one only for sampled traces. The zero value is none.
type traceContext struct {
	// base is the first trace. Its span, the parent of all spans there, is one that
	// is exported already: a process that is killed takes none along that another
	// one has as a parent. Without such a span, all spans are roots.
	base trace.SpanContext
	// start is when the first trace began, and at when the trace context was handed on last.
	start, at time.Time
	// segment tells the later traces apart: the hours from start to their own. It is
	// 0 for the first one.
	segment int
}

func (t traceContext) valid() bool { return t.base.HasTraceID() }

// traceID is the trace that spans are in now.
func (t traceContext) traceID() trace.TraceID {
	if t.segment == 0 {
		return t.base.TraceID()
	}
	return derivedID("segment", t.base.TraceID().String(), strconv.Itoa(t.segment))
}

// derivedID is a trace id that is made of names: the same names always have the same.
func derivedID(names ...string) (id trace.TraceID) {
	h := sha256.New()
	for _, name := range names {
		fmt.Fprintf(h, "%d:%s", len(name), name)
	}
	copy(id[:], h.Sum(nil))
	if !id.IsValid() {
		binary.BigEndian.PutUint64(id[8:], 1)
	}
	return id
}

// begin returns a context for the spans of something that begins, and the options
// of its first span.
func (t traceContext) begin(ctx context.Context) (context.Context, []trace.SpanStartOption) {
	ctx = withDecision(ctx, t.traceID(), t.base.TraceState())
	if t.segment == 0 && t.base.HasSpanID() {
		return trace.ContextWithRemoteSpanContext(ctx, t.base), nil
	}
	options := []trace.SpanStartOption{trace.WithNewRoot()}
	switch {
	case t.segment == 0:
	case t.base.HasSpanID():
		options = append(options, trace.WithLinks(trace.Link{
			SpanContext: t.base, Attributes: []attribute.KeyValue{attribute.String("shipments.link", "before the wait")},
		}))
	default: // There is no span to link to.
		options = append(options, trace.WithAttributes(attribute.String("shipments.previous_trace_id", t.base.TraceID().String())))
	}
	return ctx, options
}

// after returns the trace context of what happens at a time: after a long wait that is in
// another trace. A parent and its child workflow, which waited, find the same trace.
func (t traceContext) after(now time.Time) traceContext {
	if now.Sub(t.at) >= longWait {
		t.segment = int(now.Sub(t.start) / longWait)
	}
	t.at = now
	return t
}

// Keys of a trace context in a Temporal header.
const (
	keyTrace, keySpan, keyState, keyStart, keyAt, keySegment = "trace", "span", "state", "start", "at", "segment"
)

// encode writes a trace context into a Temporal header.
func (t traceContext) encode() map[string]string {
	m := map[string]string{
		keyTrace: t.base.TraceID().String(),
		keyStart: strconv.FormatInt(t.start.Unix(), 10), keyAt: strconv.FormatInt(t.at.Unix(), 10),
	}
	if t.base.HasSpanID() {
		m[keySpan] = t.base.SpanID().String()
	}
	if state := t.base.TraceState().String(); state != "" {
		m[keyState] = state
	}
	if t.segment > 0 {
		m[keySegment] = strconv.Itoa(t.segment)
	}
	return m
}

// decodeTraceContext reads what encode has written; it returns none of anything else.
func decodeTraceContext(m map[string]string) traceContext {
	id, err := trace.TraceIDFromHex(m[keyTrace])
	if err != nil {
		return traceContext{}
	}
	// What is missing or malformed is left out: a span is not worth a failure.
	span, _ := trace.SpanIDFromHex(m[keySpan])
	state, _ := trace.ParseTraceState(m[keyState])
	segment, _ := strconv.Atoi(m[keySegment])
	start, startErr := strconv.ParseInt(m[keyStart], 10, 64)
	at, atErr := strconv.ParseInt(m[keyAt], 10, 64)
	if startErr != nil || atErr != nil || segment < 0 {
		return traceContext{}
	}
	return traceContext{
		base:  trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: span, TraceFlags: trace.FlagsSampled, TraceState: state, Remote: true}),
		start: time.Unix(start, 0), at: time.Unix(at, 0), segment: segment,
	}
}

type traceContextKey struct{}

func withTraceContext(ctx context.Context, t traceContext) context.Context {
	return context.WithValue(ctx, traceContextKey{}, t)
}

func traceContextOf(ctx context.Context) traceContext {
	t, _ := ctx.Value(traceContextKey{}).(traceContext)
	return t
}
