package traces

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/hosts/traces/tracestest"
	"shipments/shipment"
)

// testRun is the run of a workflow in the SDK's test environment.
const testRun = "default-test-run-id"

// bundle is what a workflow of the tests needs.
type bundle struct {
	*testsuite.TestWorkflowEnvironment

	nats       *eventstest.Server
	carriers   *activities.Carriers
	publishing *activities.Publishing

	mu      sync.Mutex
	headers []string // the traceparents of requests to the carrier
	answers []int    // statuses of the next answers; 200 after them
}

func newBundle(t *testing.T, traces *Traces) *bundle {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	b := &bundle{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), nats: eventstest.StartProvisioned(t)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.headers = append(b.headers, r.Header.Get("Traceparent"))
		if len(b.answers) > 0 {
			w.WriteHeader(b.answers[0])
			b.answers = b.answers[1:]
			return
		}
		_, _ = w.Write([]byte(`{"trackingNumbers":["1"]}`))
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	b.carriers = &activities.Carriers{ByID: map[string]carriers.Client{"c": carriers.NewHTTP(base, carriers.HTTPOptions{Token: "t"})}}
	b.publishing = &activities.Publishing{Publisher: streams.NewPublisher(b.nats.JS, "http://api.test"), JetStream: b.nats.JS}
	b.RegisterActivity(b.carriers)
	b.RegisterActivity(b.publishing)
	b.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second, Interceptors: traces.WorkerInterceptors()})
	b.SetTestTimeout(30 * time.Second)
	return b
}

// manifest manifests a leg in a regular activity.
func (b *bundle) manifest(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second},
	})
	return workflow.ExecuteActivity(ctx, b.carriers.ManifestLeg, carriers.ManifestLegRequest{
		ShipmentID: "abc", Leg: 1, Details: shipment.Leg{CarrierID: "c"}, Trace: carriers.Trace{Parent: publisherParent},
	}).Get(ctx, nil)
}

// publish publishes an outcome in a local activity.
func (b *bundle) publish(ctx workflow.Context, eventType string, data any) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Minute})
	return workflow.ExecuteLocalActivity(ctx, b.publishing.Publish, events.Outcome{
		Lineage: events.Lineage{ShipmentID: "abc", RunID: "r", CausationID: "1", CorrelationID: "1", TraceParent: publisherParent},
		Type:    eventType, Sequence: 1, Time: workflow.Now(ctx), Data: data,
	}).Get(ctx, nil)
}

var (
	manifested = events.Manifested{ShipmentID: "abc", ManifestedLegs: []shipment.ManifestedLeg{
		{CarrierID: "c", TrackingNumbers: []string{"1"}, LabelsURL: "http://x/l"},
	}}
	generated = events.DocumentsGenerated{ShipmentID: "abc", ShipmentDocuments: shipment.Documents{
		LabelsURL: "http://x/1", ReceiptURL: "http://x/2", CombinedDocumentURL: "http://x/3",
	}}
)

// aWay is a trace context that a consumer would hand over.
func aWay(t *testing.T, at time.Time) traceContext {
	t.Helper()
	id, err := trace.TraceIDFromHex(publisherTrace)
	require.NoError(t, err)
	return traceContext{start: at, at: at, base: trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: id, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled, Remote: true,
	})}
}

func traceparent(s tracestest.Span) string {
	return "00-" + trace.TraceID(s.TraceID).String() + "-" + trace.SpanID(s.SpanID[:8]).String() + "-01"
}

func TestTracesGoFromAWorkflowToItsCarriersAndEvents(t *testing.T) {
	t.Parallel()
	traces, collector := setup(t)
	b := newBundle(t, traces)
	b.answers = []int{http.StatusInternalServerError}
	b.SetHeader(header(t, aWay(t, time.Now())))
	traces.task(t.Context(), testRun, "1")
	b.ExecuteWorkflow(func(ctx workflow.Context) error {
		return errors.Join(b.manifest(ctx), b.publish(ctx, events.TypeManifested, manifested))
	})
	require.NoError(t, b.GetWorkflowError())
	traces.completed(t.Context(), "1", nil)

	spans := exported(t, traces, collector)
	require.Equal(t, ""+
		"manifest leg (internal)\n"+
		"  POST v1/manifestations (client)\n"+
		"manifest leg (internal)\n"+
		"  GET v1/results (client)\n"+
		"  POST v1/manifestations (client)\n"+
		"send shipments.manifested.{shipmentId} (producer)\n", tracestest.Picture(spans))
	require.Empty(t, tracestest.Problems(spans, [16]byte{1}))
	var requests []string
	for _, s := range spans {
		require.Equal(t, publisherTrace, trace.TraceID(s.TraceID).String())
		require.Equal(t, "shipments", s.Resource["service.name"])
		require.Equal(t, "v1", s.Resource["service.version"])
		if s.Name == "POST v1/manifestations" || s.Name == "GET v1/results" {
			requests = append(requests, traceparent(s))
		} else {
			require.Equal(t, "abc", s.Attributes["shipments.shipment"])
		}
	}
	require.Equal(t, requests, b.headers, "carriers continue the spans of their requests")
	require.True(t, spans[0].Failed)
	sent := spans[len(spans)-1]
	require.Equal(t, "shipments.manifested.{shipmentId}", sent.Attributes["messaging.destination.template"])
	stored := b.nats.Messages(t, events.StreamEvents, "shipments.manifested.abc")
	require.Equal(t, []string{traceparent(sent)}, stored[0].Header["traceparent"], "subscribers continue the span")
	require.Contains(t, string(stored[0].Data), `"traceparent":"`+publisherParent+`"`, "the event has the publisher's trace")
}

func TestTracesOfALongWait(t *testing.T) {
	t.Parallel()
	traces, collector := setup(t)
	b := newBundle(t, traces)
	began := time.Now()
	b.SetStartTime(began)
	b.SetHeader(header(t, aWay(t, began)))
	traces.task(t.Context(), testRun, "1")
	b.ExecuteWorkflow(func(ctx workflow.Context) error {
		err := errors.Join(b.publish(ctx, events.TypeManifested, manifested), workflow.Sleep(ctx, 59*time.Minute))
		err = errors.Join(err, b.publish(ctx, events.TypeManifested, manifested), workflow.Sleep(ctx, 25*time.Hour))
		return errors.Join(err, b.publish(ctx, events.TypeDocumentsGenerated, generated), b.publish(ctx, events.TypeDocumentsGenerated, generated))
	})
	require.NoError(t, b.GetWorkflowError())
	traces.completed(t.Context(), "1", nil)
	spans := exported(t, traces, collector)
	require.Len(t, spans, 4)
	first, second := spans[:2], spans[2:]
	for _, s := range first {
		require.Equal(t, publisherTrace, trace.TraceID(s.TraceID).String())
		require.Empty(t, s.Links)
	}
	for _, s := range second {
		require.NotEqual(t, first[0].TraceID, s.TraceID)
		require.Equal(t, second[0].TraceID, s.TraceID)
		require.Zero(t, s.ParentID)
		require.Equal(t, []tracestest.Link{{TraceID: first[0].TraceID, SpanID: [16]byte{1}}}, s.Links)
	}
}

func TestTracesOfWorkflowTasks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers []error // of Temporal, to the completion of the task
		lost    bool    // another task begins then
		spans   int
	}{
		"accepted":                        {answers: []error{nil}, spans: 1},
		"accepted when it is tried again": {answers: []error{status.Error(codes.Unavailable, ""), nil}, spans: 1},
		"refused, since a signal arrived": {answers: []error{status.Error(codes.InvalidArgument, "UnhandledCommand")}},
		"too late":                        {answers: []error{status.Error(codes.NotFound, "")}},
		"no answer, and done again":       {answers: []error{status.Error(codes.Unavailable, "")}, lost: true},
		"no answer at all":                {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			traces, collector := setup(t)
			b := newBundle(t, traces)
			b.SetHeader(header(t, aWay(t, time.Now())))
			traces.task(t.Context(), testRun, "1")
			b.ExecuteWorkflow(func(ctx workflow.Context) error { return b.publish(ctx, events.TypeManifested, manifested) })
			require.NoError(t, b.GetWorkflowError())
			for _, err := range test.answers {
				traces.completed(t.Context(), "1", err)
			}
			if test.lost {
				traces.task(t.Context(), testRun, "2")
				traces.completed(t.Context(), "2", nil)
			}
			require.Len(t, exported(t, traces, collector), test.spans)
		})
	}
}

func TestTracesWithoutATraceMakeNone(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]map[string]string{
		"none": nil, "malformed": {keyTrace: "x", keyAt: "1"}, "no times": {keyTrace: publisherTrace},
		"zeros": {keyTrace: "00000000000000000000000000000000", keyStart: "1", keyAt: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			traces, collector := setup(t)
			b := newBundle(t, traces)
			if value != nil {
				h := header(t, traceContext{})
				require.NoError(t, setHeader(h, value))
				b.SetHeader(h)
			}
			b.ExecuteWorkflow(b.manifest)
			require.NoError(t, b.GetWorkflowError())
			require.Empty(t, exported(t, traces, collector))
			require.Equal(t, []string{publisherParent}, b.headers, "the carrier continues the publisher's trace")
		})
	}
}
