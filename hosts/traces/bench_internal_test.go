package traces

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"shipments/consumer"
	"shipments/events"
)

// BenchmarkShipment measures what the spans of an international shipment cost: the
// processor time of making and sending them, that of a collector's HTTP server
// included. 64 shipments are handled at once.
func BenchmarkShipment(b *testing.B) {
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	b.Cleanup(collector.Close)
	traces, err := New(b.Context(), Settings{Endpoint: collector.URL + "/v1/traces", Sampler: sdk.AlwaysSample(), Log: zerolog.Nop()})
	require.NoError(b, err)
	step := func(ctx context.Context, run string, d description) {
		ctx, options := traceContextOf(ctx).begin(ctx)
		ctx, span := traces.start(ctx, d.name, d.kind, func(spans []sdk.ReadOnlySpan) { traces.tasks.hold(run, spans) },
			append(options, trace.WithAttributes(d.attributes...))...)
		if d.kind == trace.SpanKindInternal {
			_, below := traces.tracer.Start(ctx, "POST", trace.WithSpanKind(trace.SpanKindClient))
			below.End()
		}
		span.End()
	}
	before := processorTime(b)
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for n := 0; pb.Next(); n++ {
			for traces.queue.waits() > maxQueue/2 { // No service publishes as fast.
				time.Sleep(time.Millisecond)
			}
			id := fmt.Sprintf("%p-%d", pb, n)
			ctx, message := traces.Consumer().Begin(context.Background(), consumer.TracedMessage{
				Subject: "shipments.created." + id, Began: time.Now(), Event: events.EventRef{ID: id, Source: "/bench"}, ShipmentID: id,
			})
			way := message.HandOver(ctx)
			message.Settled(consumer.Settlement{Result: consumer.ResultAccepted}, nil)
			traces.task(ctx, id, id)
			for range 4 {
				step(way, id, description{name: "manifest leg", kind: trace.SpanKindInternal})
			}
			for range 5 {
				step(way, id, send(events.TypeAccepted, id))
			}
			traces.completed(ctx, id, nil)
		}
	})
	require.NoError(b, traces.Close(context.Background()))
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
	require.Zero(b, traces.queue.dropped.Load())
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func (q *queue) waits() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.spans
}
