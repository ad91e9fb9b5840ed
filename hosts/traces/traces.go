package traces

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/interceptor/tracing"
	"google.golang.org/grpc"
)

// Settings are how traces are made and where they go.
type Settings struct {
	// Endpoint is the URL that traces are posted to.
	Endpoint string
	// Sampler decides which traces are sampled.
	Sampler sdk.Sampler
	// Version is that of the program, and Hosts are those of the process.
	Version string
	Hosts   []string
	Log     zerolog.Logger
}

// Traces are the traces of one process. Nil makes none, at no cost.
type Traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	queue    *queue
	tasks    *tasks
	client   interceptor.ClientInterceptor
	worker   interceptor.WorkerInterceptor
}

// New makes the traces of a process. What the settings do not have, the exporter and
// the resource read from the OTEL_ variables of the environment.
func New(ctx context.Context, s Settings) (*Traces, error) {
	out, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(s.Endpoint))
	if err != nil {
		return nil, fmt.Errorf("make the OTLP exporter: %w", err)
	}
	about, err := resource.New(ctx,
		resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(
			attribute.String("service.name", "shipments"), attribute.String("service.version", s.Version),
			attribute.String("service.instance.id", uuid.NewString()), attribute.String("shipments.hosts", strings.Join(s.Hosts, ",")),
		),
		resource.WithFromEnv(), // Last: it has the last word.
	)
	if err != nil {
		return nil, fmt.Errorf("describe the process in traces: %w", err)
	}
	t := &Traces{queue: newQueue(out, s.Log)}
	t.tasks = newTasks(t.queue.add)
	t.provider = sdk.NewTracerProvider(
		sdk.WithResource(about), sdk.WithSampler(decidedSampler{s.Sampler}), sdk.WithIDGenerator(ids{}), sdk.WithSpanProcessor(&groups{}),
	)
	t.tracer = t.provider.Tracer("shipments", trace.WithInstrumentationVersion(s.Version))
	t.client, t.worker = tracing.NewTracingInterceptor(tracer{}, workflowTracer{})
	return t, nil
}

// Close exports the spans that have ended, in the time until ctx is done.
func (t *Traces) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.queue.close(ctx)
}

// ClientInterceptors are those of the Temporal client.
func (t *Traces) ClientInterceptors() []interceptor.ClientInterceptor {
	if t == nil {
		return nil
	}
	return []interceptor.ClientInterceptor{t.client}
}

// WorkerInterceptors are those of a worker. They come before others, whose
// measurements then have the trace.
func (t *Traces) WorkerInterceptors() []interceptor.WorkerInterceptor {
	if t == nil {
		return nil
	}
	return []interceptor.WorkerInterceptor{t.worker, &workerInterceptor{traces: t}}
}

// DialOptions are those of the Temporal client's connection.
func (t *Traces) DialOptions() []grpc.DialOption {
	if t == nil {
		return nil
	}
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(t.tasks.intercept)}
}

// start begins the first span of a group.
func (t *Traces) start(
	ctx context.Context, name string, kind trace.SpanKind, deliver func([]sdk.ReadOnlySpan), options ...trace.SpanStartOption,
) (context.Context, trace.Span) {
	return t.tracer.Start(inGroup(ctx, deliver), name, append(options, trace.WithSpanKind(kind))...) //nolint:spancheck // the caller ends it
}

// at is the option of a span that began earlier.
func at(began time.Time) trace.SpanStartOption { return trace.WithTimestamp(began) }
