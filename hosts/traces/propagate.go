package traces

import (
	"context"

	"go.temporal.io/sdk/interceptor/tracing"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/workflow"
)

// headerKey is the key of a trace context in Temporal headers.
const headerKey = "shipments-trace"

// common is what the tracers of the Temporal SDK's interceptors have in common. They
// hand travels on in headers: from the client to the workflow, from there to child
// workflows and activities. They make no span: workflow code is replayed, and its
// spans would be there again.
type common struct{ tracing.BaseTracer }

// Options implements [tracing.Tracer].
func (common) Options() tracing.TracerOptions {
	return tracing.TracerOptions{HeaderKey: headerKey, AllowInvalidParentSpans: true}
}

// UnmarshalSpan implements [tracing.Tracer].
func (common) UnmarshalSpan(m map[string]string) (tracing.TracerSpanRef, error) {
	return refOf(decodeTraceContext(m)), nil
}

// MarshalSpan implements [tracing.Tracer].
func (common) MarshalSpan(ref tracing.TracerSpanRef) (map[string]string, error) {
	if t, ok := ref.(traceContext); ok {
		return t.encode(), nil
	}
	return nil, nil //nolint:nilnil // no header
}

// GetLogger implements [tracing.Tracer].
func (common) GetLogger(logger log.Logger, ref tracing.TracerSpanRef) log.Logger {
	if t, ok := ref.(traceContext); ok {
		return log.With(logger, "trace_id", t.traceID().String())
	}
	return logger
}

// refOf is nil for no trace context, as the interceptors expect it.
func refOf(t traceContext) tracing.TracerSpanRef {
	if !t.valid() {
		return nil
	}
	return t
}

// tracer hands travels on in clients and activities.
type tracer struct{ common }

var _ tracing.Tracer = tracer{}

// SpanFromContext implements [tracing.Tracer].
func (tracer) SpanFromContext(ctx context.Context) tracing.TracerSpanRef {
	return refOf(traceContextOf(ctx))
}

// ContextWithSpan implements [tracing.Tracer].
func (tracer) ContextWithSpan(ctx context.Context, ref tracing.TracerSpanRef) context.Context {
	if t, ok := ref.(traceContext); ok {
		return withTraceContext(ctx, t)
	}
	return ctx
}

// CreateSpan implements [tracing.Tracer]. It is not called.
func (tracer) CreateSpan(context.Context, *tracing.TracerStartSpanOptions) tracing.TracerSpan {
	return noSpan{}
}

// workflowTracer hands travels on in workflows.
type workflowTracer struct{ common }

var _ tracing.WorkflowTracer = workflowTracer{}

// onItsWay is the trace context of a workflow that runs. It follows the workflow's clock: a
// replay has the same traces.
type onItsWay struct{ now traceContext }

// SpanFromContext implements [tracing.WorkflowTracer].
func (workflowTracer) SpanFromContext(ctx workflow.Context) tracing.TracerSpanRef {
	w, ok := ctx.Value(traceContextKey{}).(*onItsWay)
	if !ok {
		return nil
	}
	w.now = w.now.after(workflow.Now(ctx))
	return refOf(w.now)
}

// ContextWithSpan implements [tracing.WorkflowTracer].
func (workflowTracer) ContextWithSpan(ctx workflow.Context, ref tracing.TracerSpanRef) workflow.Context {
	if t, ok := ref.(traceContext); ok {
		return workflow.WithValue(ctx, traceContextKey{}, &onItsWay{t})
	}
	return ctx
}

// CreateSpan implements [tracing.WorkflowTracer]. It is not called.
func (workflowTracer) CreateSpan(workflow.Context, *tracing.TracerStartSpanOptions) tracing.TracerSpan {
	return noSpan{}
}

type noSpan struct{}

func (noSpan) Finish(*tracing.TracerFinishSpanOptions) {}
