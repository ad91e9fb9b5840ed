package traces

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"shipments/consumer"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/hosts/traces/tracestest"
	"shipments/shipment"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// fakeTemporal takes what the consumer hands over.
type fakeTemporal struct {
	client.Client

	mu      sync.Mutex
	ways    []traceContext
	created []events.ShipmentCreated
	answers []error
}

func (f *fakeTemporal) SignalWithStartWorkflow(
	ctx context.Context, _, _ string, signal any, _ client.StartWorkflowOptions, _ any, _ ...any,
) (client.WorkflowRun, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.answers) > 0 {
		err := f.answers[0]
		f.answers = f.answers[1:]
		return nil, err
	}
	f.ways, f.created = append(f.ways, traceContextOf(ctx)), append(f.created, signal.(workflows.CreatedSignal).Event)
	return nil, nil //nolint:nilnil // the consumer does not use it
}

func (f *fakeTemporal) SignalWorkflow(context.Context, string, string, string, any) error { return nil }

// consume has a consumer handle messages, and returns the spans, and what it settled.
func consume(t *testing.T, traces *Traces, temporal *fakeTemporal, messages ...*nats.Msg) (*eventstest.Server, []consumer.Settlement, []string) {
	t.Helper()
	s := eventstest.StartProvisioned(t)
	var mu sync.Mutex
	var settled []consumer.Settlement
	var logged journal
	var seen []string
	c := consumer.New(consumer.Config{
		Concurrency: 1, Settings: workflows.Settings{Rules: shipment.Rules{Emulation: true, Carriers: sample.Carriers()}},
	}, consumer.Dependencies{
		JetStream: s.JS, Publisher: streams.NewPublisher(s.JS, "http://api.test"), Temporal: temporal, Log: zerolog.New(&logged), Tracer: traces.Consumer(),
		ProvisionStreams: func(context.Context) error { return nil }, PrepareTemporal: func(context.Context) error { return nil },
		Settled: func(ctx context.Context, what consumer.Settlement) {
			mu.Lock()
			defer mu.Unlock()
			settled = append(settled, what)
			seen = append(seen, trace.SpanContextFromContext(ctx).TraceID().String())
		},
	})
	for _, m := range messages {
		_, err := s.JS.PublishMsg(t.Context(), m)
		require.NoError(t, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(settled) == len(messages)
	}, patience, time.Millisecond)
	stop()
	require.NoError(t, <-ended)
	for _, id := range seen {
		if id != "00000000000000000000000000000000" {
			require.Contains(t, logged.String(), `"trace_id":"`+id+`"`)
		}
	}
	return s, settled, seen
}

// journal takes log lines.
type journal struct {
	mu   sync.Mutex
	text []byte
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, line...)
	return len(line), nil
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return string(j.text)
}

// created is a message that has a sample shipment, with a traceparent among its
// headers and one in the event; empty ones are left out.
func created(t *testing.T, id, inHeader, inEvent string) *nats.Msg {
	t.Helper()
	ev, err := events.NewCreated("e-"+id, "/team", time.Now(), sample.Shipment(id, time.Now()))
	require.NoError(t, err)
	if inEvent != "" {
		ev.SetExtension("traceparent", inEvent)
	}
	m, err := streams.Message(events.Subject(events.TypeCreated, id), ev)
	require.NoError(t, err)
	if inHeader != "" {
		m.Header["Traceparent"] = []string{inHeader}
	}
	return m
}

func TestTracesOfAMessage(t *testing.T) {
	t.Parallel()
	const other = "00-11111111111111111111111111111111-2222222222222222-01"
	for name, test := range map[string]struct {
		inHeader, inEvent string
		trace, lineage    string // those that the process continues; trace "" is a new one
		parent            [16]byte
		unsampled         bool
	}{
		"in a header":  {inHeader: publisherParent, trace: publisherTrace, lineage: publisherParent, parent: tracestest.Parent(0xb7ad6b7169203331)},
		"in the event": {inEvent: publisherParent, trace: publisherTrace, lineage: publisherParent, parent: tracestest.Parent(0xb7ad6b7169203331)},
		"in both":      {inHeader: publisherParent, inEvent: other, trace: publisherTrace, lineage: other, parent: tracestest.Parent(0xb7ad6b7169203331)},
		"none":         {},
		"malformed":    {inHeader: "00-xyz", inEvent: "00-" + publisherTrace + "-0000000000000000-01"},
		"malformed in the header": {
			inHeader: "ff", inEvent: publisherParent, trace: publisherTrace, lineage: publisherParent, parent: tracestest.Parent(0xb7ad6b7169203331),
		},
		"not sampled": {inHeader: publisherParent[:53] + "00", unsampled: true, lineage: publisherParent[:53] + "00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			traces, collector := setup(t)
			temporal := &fakeTemporal{answers: []error{serviceerror.NewUnavailable("not yet")}}
			_, settled, seen := consume(t, traces, temporal, created(t, "abc", test.inHeader, test.inEvent))
			require.Equal(t, consumer.ResultAccepted, settled[0].Result)
			require.Equal(t, test.lineage, temporal.created[0].TraceParent)
			if test.unsampled {
				require.Empty(t, collector.Spans())
				require.False(t, temporal.ways[0].valid())
				return
			}
			processed := collector.Spans()
			require.Len(t, processed, 1, "it is exported before the process starts")
			way := temporal.ways[0]
			require.Equal(t, trace.SpanID(processed[0].SpanID[:8]), way.base.SpanID())
			require.Equal(t, trace.TraceID(processed[0].TraceID), way.base.TraceID())
			if test.trace != "" {
				require.Equal(t, test.trace, way.base.TraceID().String())
			}
			require.Equal(t, test.parent, processed[0].ParentID)
			require.Equal(t, []string{way.base.TraceID().String()}, seen)

			spans := exported(t, traces, collector)
			require.Empty(t, tracestest.Problems(spans, test.parent))
			require.Equal(t, ""+
				"process shipments.created.{shipmentId} (consumer)\n"+
				"  settle shipments.created.{shipmentId} (client)\n", tracestest.Picture(spans))
			require.Equal(t, "nats", spans[0].Attributes["messaging.system"])
			require.Equal(t, "shipments.created.{shipmentId}", spans[0].Attributes["messaging.destination.template"])
			require.Equal(t, "abc", spans[0].Attributes["shipments.shipment"])
			require.Equal(t, consumer.ResultAccepted, spans[1].Attributes["shipments.result"])
		})
	}
}

func TestTracesOfTheSameEventAreOne(t *testing.T) {
	t.Parallel()
	traces, _ := setup(t)
	temporal := &fakeTemporal{}
	again := created(t, "abc", "", "")
	again.Header.Set("Nats-Msg-Id", "another")
	consume(t, traces, temporal, created(t, "abc", "", ""), again, created(t, "def", "", ""))
	require.Equal(t, temporal.ways[0].base.TraceID(), temporal.ways[1].base.TraceID())
	require.NotEqual(t, temporal.ways[0].base.TraceID(), temporal.ways[2].base.TraceID())
}

func TestTracesOfARejection(t *testing.T) {
	t.Parallel()
	traces, collector := setup(t)
	bad := nats.NewMsg("shipments.created.made.up")
	bad.Data = []byte("not json")
	bad.Header.Set("traceparent", publisherParent)
	s, settled, _ := consume(t, traces, &fakeTemporal{}, bad)
	require.Equal(t, consumer.ResultRejected, settled[0].Result)
	spans := exported(t, traces, collector)
	require.Len(t, spans, 1)
	require.Equal(t, "process shipments.created.{shipmentId}", spans[0].Name)
	require.Equal(t, "rejected", spans[0].Attributes["shipments.result"])
	require.Equal(t, "invalid-json", spans[0].Attributes["shipments.reasons"])
	rejected := s.Messages(t, events.StreamRejections, "shipments.rejected.*")
	require.Equal(t, []string{traceparent(spans[0])}, rejected[0].Header["traceparent"])
}

// TestTracesWhenTheCollectorIsAway has spans get lost: none of those that are
// exported may be an orphan.
func TestTracesWhenTheCollectorIsAway(t *testing.T) {
	t.Parallel()
	traces, collector := setup(t)
	collector.Answer(unavailable)
	temporal := &fakeTemporal{}
	began := time.Now()
	consume(t, traces, temporal, created(t, "abc", publisherParent, ""), created(t, "def", "", ""))
	require.Less(t, time.Since(began), patience, "events do not wait for it")
	require.Equal(t, publisherSpan, temporal.ways[0].base.SpanID().String(), "what is not exported is nobody's parent")
	require.True(t, temporal.ways[1].valid())
	require.False(t, temporal.ways[1].base.HasSpanID())
	collector.Answer(nil)

	for _, way := range temporal.ways {
		b := newBundle(t, traces)
		b.SetHeader(header(t, way))
		b.ExecuteWorkflow(b.manifest)
		require.NoError(t, b.GetWorkflowError())
	}
	for _, s := range exported(t, traces, collector) {
		if s.Name == "manifest leg" {
			require.Contains(t, [][16]byte{{}, tracestest.Parent(0xb7ad6b7169203331)}, s.ParentID)
		}
	}
	require.Equal(t, 2, tracestest.Names(collector.Spans())["manifest leg"])
}

func TestTracesWhenTheCollectorIsSlow(t *testing.T) {
	t.Parallel()
	traces, collector := setup(t)
	answer := make(chan struct{})
	t.Cleanup(sync.OnceFunc(func() { close(answer) }))
	collector.Answer(func(w http.ResponseWriter, _ *http.Request) {
		<-answer
		w.WriteHeader(http.StatusBadRequest)
	})
	temporal := &fakeTemporal{}
	messages := []*nats.Msg{created(t, "abc", "", "")}
	for i := range 60 {
		messages = append(messages, created(t, fmt.Sprintf("a%d", i), "", ""))
	}
	began := time.Now()
	consume(t, traces, temporal, messages...)
	require.Less(t, time.Since(began), time.Duration(len(messages))*confirmTimeout, "one event waits, the others do not")
}
