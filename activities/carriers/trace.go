package carriers

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traced begins the span of a request, if its call is traced, and has the request
// continue that trace instead of the call's. end ends the span.
func (h *HTTP) traced(ctx context.Context, r *ask) (_ context.Context, end func(answered, error)) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, func(answered, error) {}
	}
	attributes := []attribute.KeyValue{attribute.String("http.request.method", r.method), attribute.String("server.address", r.at.Hostname())}
	if r.route != "" {
		attributes = append(attributes, attribute.String("url.template", r.route))
	}
	if r.key != "" {
		attributes = append(attributes, attribute.String("shipments.idempotency_key", r.key))
	}
	//nolint:spancheck // end ends it
	ctx, span := parent.TracerProvider().Tracer("shipments/activities/carriers").Start(ctx, strings.TrimSpace(r.method+" "+r.route),
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	carried := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carried)
	r.trace = Trace{Parent: carried["traceparent"], State: carried["tracestate"]}
	return ctx, func(a answered, err error) { //nolint:spancheck // as above
		if a.status > 0 {
			span.SetAttributes(attribute.Int("http.response.status_code", a.status))
		}
		switch {
		case err != nil:
			span.SetStatus(codes.Error, message(err))
		case a.status >= 400:
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
