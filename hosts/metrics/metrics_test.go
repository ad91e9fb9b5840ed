package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/activities/documents"
	"shipments/consumer"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/hosts/metrics"
	"shipments/shipment"
	"shipments/workflows"
)

func setup(t *testing.T) *metrics.Metrics {
	t.Helper()
	m, err := metrics.New(func(err error) { t.Error(err) })
	require.NoError(t, err)
	return m
}

// scrape returns what a scrape shows of our own metrics, line by line.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	reply := httptest.NewRecorder()
	m.Handler().ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, reply.Code)
	return reply.Body.String()
}

func TestMetricsOfSettlements(t *testing.T) {
	t.Parallel()
	m := setup(t)
	reasons := []shipment.Reason{{Code: events.CodeInvalidJSON}, {Code: events.CodeInvalidJSON}, {Code: events.CodeSchemaViolation}}
	m.Settled(t.Context(), consumer.Settlement{Type: events.TypeCreated, Result: consumer.ResultAccepted, Age: 30 * time.Millisecond})
	m.Settled(t.Context(), consumer.Settlement{Type: events.TypeCreated, Result: consumer.ResultRepeat, Age: time.Second, Redelivered: true})
	m.Settled(t.Context(), consumer.Settlement{Type: "shipments.made-up-by-a-publisher", Result: consumer.ResultRejected, Reasons: reasons})
	m.Settled(t.Context(), consumer.Settlement{Type: events.TypeCancellationRequested, Result: consumer.ResultNak, Age: time.Hour, Redelivered: true})
	text := scrape(t, m)
	for _, line := range []string{
		`shipments_inputs_total{result="accepted",type="shipments.created"} 1`,
		`shipments_inputs_total{result="repeat",type="shipments.created"} 1`,
		`shipments_inputs_total{result="rejected",type="other"} 1`,
		`shipments_inputs_total{result="nak",type="shipments.cancellation-requested"} 1`,
		`shipments_rejections_total{reason="invalid-json"} 1`,
		`shipments_rejections_total{reason="schema-violation"} 1`,
		`shipments_redeliveries_total 2`,
		`shipments_input_age_seconds_count 3`,
		`shipments_input_age_seconds_bucket{le="0.05"} 2`,
	} {
		require.Contains(t, text, line+"\n")
	}
	require.NotContains(t, text, "otel_scope")
	require.NotContains(t, text, "target_info")
}

func TestMetricsOfTheConsumersState(t *testing.T) {
	t.Parallel()
	m := setup(t)
	state := consumer.State{Pending: 7, Oldest: time.Now().Add(-time.Minute), InFlight: 5, Limit: 128, TemporalAway: true}
	require.NoError(t, m.FollowConsumer(func() consumer.State { return state }))
	text := scrape(t, m)
	for _, line := range []string{
		"shipments_input_pending 7", "shipments_in_flight 5", "shipments_in_flight_limit 128",
		`shipments_consumer_paused{by="temporal"} 1`, `shipments_consumer_paused{by="admission"} 0`, `shipments_consumer_paused{by="jetstream"} 0`,
	} {
		require.Contains(t, text, line+"\n")
	}
	require.Contains(t, text, "shipments_oldest_input_age_seconds 60.")
	state = consumer.State{}
	require.Contains(t, scrape(t, m), "shipments_oldest_input_age_seconds 0\n")
}

// fake is a carrier.
type fake struct {
	carriers.Client

	manifest func() (carriers.ManifestLegReply, error)
}

func (f fake) ManifestLeg(context.Context, carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
	return f.manifest()
}

func (f fake) VoidLeg(context.Context, carriers.VoidLegRequest) (carriers.VoidLegReply, error) {
	return carriers.VoidLegReply{}, nil
}

func TestMetricsOfActivities(t *testing.T) {
	t.Parallel()
	m := setup(t)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{m.Activities(map[string]bool{"albion": true})}})
	var reply carriers.ManifestLegReply
	var failure error
	client := fake{manifest: func() (carriers.ManifestLegReply, error) { return reply, failure }}
	a := &activities.Carriers{ByID: map[string]carriers.Client{"albion": client}}
	env.RegisterActivity(a)
	request := carriers.ManifestLegRequest{ShipmentID: "abc", Details: shipment.Leg{CarrierID: "albion"}}
	_, err := env.ExecuteActivity(a.ManifestLeg, request)
	require.NoError(t, err)
	reply.Declined = &shipment.Fault{Description: "no"}
	_, err = env.ExecuteLocalActivity(a.ManifestLeg, request)
	require.NoError(t, err)
	failure = errors.New("no answer")
	_, err = env.ExecuteActivity(a.ManifestLeg, request)
	require.Error(t, err)
	request.Details.CarrierID = "made-up-by-a-publisher"
	_, err = env.ExecuteActivity(a.ManifestLeg, request)
	require.Error(t, err)
	_, err = env.ExecuteActivity(a.VoidLeg, carriers.VoidLegRequest{CarrierID: "albion"})
	require.NoError(t, err)

	s := eventstest.StartProvisioned(t)
	p := &activities.Publishing{Publisher: streams.NewPublisher(s.JS, "http://api.test"), JetStream: s.JS}
	env.RegisterActivity(p)
	outcome := events.Outcome{
		Lineage: events.Lineage{ShipmentID: "abc", RunID: "r", CausationID: "1", CorrelationID: "1", Category: shipment.Domestic}, Type: events.TypeAccepted, Sequence: 1, Time: time.Now(),
		Data: events.Accepted{ShipmentID: "abc", Category: shipment.Domestic},
	}
	_, err = env.ExecuteActivity(p.Claim, outcome)
	require.NoError(t, err)

	text := scrape(t, m)
	for _, line := range []string{
		`shipments_carrier_calls_total{carrier="albion",operation="manifest-leg",result="ok"} 1`,
		`shipments_carrier_calls_total{carrier="albion",operation="manifest-leg",result="declined"} 1`,
		`shipments_carrier_calls_total{carrier="albion",operation="manifest-leg",result="error"} 1`,
		`shipments_carrier_calls_total{carrier="unknown",operation="manifest-leg",result="error"} 1`,
		`shipments_carrier_call_duration_seconds_count{carrier="albion",operation="manifest-leg"} 3`,
		`shipments_compensations_total{result="ok",what="leg"} 1`,
		`shipments_outcomes_total{category="domestic",type="shipments.accepted"} 1`,
		`shipments_publish_duration_seconds_count{result="ok",type="shipments.accepted"} 1`,
	} {
		require.Contains(t, text, line+"\n")
	}
	require.NotContains(t, text, "abc", "an id is no label")
}

// unauthorized is what a client says of a carrier that answers 401.
var unauthorized = temporal.NewApplicationError("401", carriers.ErrorTypeTokenRefused)

func TestMetricsOfARefusedToken(t *testing.T) {
	t.Parallel()
	m := setup(t)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{m.Activities(map[string]bool{"albion": true})}})
	client := fake{manifest: func() (carriers.ManifestLegReply, error) { return carriers.ManifestLegReply{}, unauthorized }}
	a := &activities.Carriers{ByID: map[string]carriers.Client{"albion": client}}
	env.RegisterActivity(a)
	_, err := env.ExecuteActivity(a.ManifestLeg, carriers.ManifestLegRequest{ShipmentID: "abc", Details: shipment.Leg{CarrierID: "albion"}})
	require.Error(t, err)
	text := scrape(t, m)
	for _, line := range []string{
		`shipments_carrier_calls_total{carrier="albion",operation="manifest-leg",result="unauthorized"} 1`,
		`shipments_carrier_calls_total{carrier="albion",operation="manifest-leg",result="error"} 0`,
		`shipments_carrier_calls_near_deadline_total{carrier="albion",operation="manifest-leg"} 0`,
	} {
		require.Contains(t, text, line+"\n")
	}
}

func TestMetricsOfStagesAndDocuments(t *testing.T) {
	t.Parallel()
	m := setup(t)
	m.Activities(nil)
	m.DocumentStored(documents.KindLabels, 1000)
	m.DocumentStored("c62bee763e7a4ce387dda5eb11678815", 400)
	m.DocumentStored("9d6d28f2fbee4e53aeac2c3b3ba98d28", 500)
	m.Temporal().WithTags(map[string]string{"workflow_type": "DomesticShipment", "task_queue": "q", "stage": "manifestation", "result": "ok"}).
		Timer(workflows.StageDuration).Record(300 * time.Millisecond)
	text := scrape(t, m)
	for _, line := range []string{
		`shipments_documents_bytes_total{kind="labels"} 1000`, `shipments_documents_bytes_total{kind="leg_labels"} 900`,
		`shipments_documents_bytes_total{kind="invoice"} 0`,
		`shipments_stage_duration_seconds_bucket{result="ok",stage="manifestation",le="0.2"} 0`,
		`shipments_stage_duration_seconds_bucket{result="ok",stage="manifestation",le="0.5"} 1`,
	} {
		require.Contains(t, text, line+"\n")
	}
}

// TestMetricsHaveNoSeriesForAShipment requires that many shipments make no more
// series than few.
func TestMetricsHaveNoSeriesForAShipment(t *testing.T) {
	t.Parallel()
	m := setup(t)
	require.NoError(t, m.FollowConsumer(func() consumer.State { return consumer.State{} }))
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{m.Activities(map[string]bool{"albion": true})}})
	client := fake{manifest: func() (carriers.ManifestLegReply, error) { return carriers.ManifestLegReply{}, nil }}
	a := &activities.Carriers{ByID: map[string]carriers.Client{"albion": client}}
	env.RegisterActivity(a)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /shipments/{id}", func(http.ResponseWriter, *http.Request) {})
	api := m.HTTP(mux)
	series := func(from, to int) int {
		for n := from; n < to; n++ {
			id := fmt.Sprintf("shipment-%d", n)
			m.Settled(t.Context(), consumer.Settlement{Type: "shipments.created." + id, Result: consumer.ResultRejected, Reasons: []shipment.Reason{{Code: events.CodeConflict}}})
			m.DocumentStored("carrier-"+id, 1)
			_, err := env.ExecuteActivity(a.ManifestLeg, carriers.ManifestLegRequest{ShipmentID: id, Details: shipment.Leg{CarrierID: "albion"}})
			require.NoError(t, err)
			_, err = env.ExecuteActivity(a.VoidLeg, carriers.VoidLegRequest{ShipmentID: id, CarrierID: "albion"})
			require.NoError(t, err)
			_, err = env.ExecuteActivity(a.ManifestLeg, carriers.ManifestLegRequest{ShipmentID: id, Details: shipment.Leg{CarrierID: id}})
			require.Error(t, err)
			api.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/shipments/"+id, nil))
		}
		n := 0
		for line := range strings.Lines(scrape(t, m)) {
			if strings.HasPrefix(line, "shipments_") || strings.HasPrefix(line, "http_") {
				n++
			}
		}
		return n
	}
	few := series(0, 10)
	require.Greater(t, few, 100)
	require.Equal(t, few, series(10, 1000))
}

func TestMetricsOfRequestsByRoute(t *testing.T) {
	t.Parallel()
	m := setup(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /shipments/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux.HandleFunc("POST /shipments", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	server := m.HTTP(mux)
	for _, r := range [][2]string{{"GET", "/shipments/abc"}, {"GET", "/shipments/def"}, {"POST", "/shipments"}, {"BREW", "/nowhere"}} {
		server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(r[0], r[1], nil))
	}
	text := scrape(t, m)
	for _, line := range []string{
		`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="418",http_route="/shipments/{id}"} 2`,
		`http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",http_route="/shipments"} 1`,
		`http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="404",http_route=""} 1`,
	} {
		require.Contains(t, text, line+"\n")
	}
}

func TestMetricsOfTheTemporalSDK(t *testing.T) {
	t.Parallel()
	m := setup(t)
	handler := m.Temporal().WithTags(map[string]string{"task_queue": "shipment-documents"})
	handler.Counter("temporal_workflow_completed").Inc(2)
	handler.Timer("temporal_activity_schedule_to_start_latency").Record(3 * time.Millisecond)
	handler.Gauge("temporal_worker_task_slots_available").Update(5)
	text := scrape(t, m)
	for _, line := range []string{
		`temporal_workflow_completed_total{task_queue="shipment-documents"} 2`,
		`temporal_activity_schedule_to_start_latency_seconds_bucket{task_queue="shipment-documents",le="0.002"} 0`,
		`temporal_activity_schedule_to_start_latency_seconds_bucket{task_queue="shipment-documents",le="0.005"} 1`,
		`temporal_worker_task_slots_available{task_queue="shipment-documents"} 5`,
	} {
		require.Contains(t, text, line+"\n")
	}
}

func TestMetricsOfTheProcess(t *testing.T) {
	t.Parallel()
	m := setup(t)
	s := eventstest.Start(t)
	require.NoError(t, m.FollowNeeds([]string{"shipment-orchestrator"}, func() map[string]int { return map[string]int{"search attributes": 1} }))
	info := metrics.Info{Version: "v1", Commit: "abc", Go: "go1.26", Composition: "all", Emulation: true}
	require.NoError(t, m.FollowProcess(info, func() []metrics.Loop {
		return []metrics.Loop{{Host: "consumer", Works: false, Ready: true}}
	}, func() map[string]bool { return map[string]bool{"c1": true, "c2": false} }, s.JS.Conn()))
	text := scrape(t, m)
	for _, line := range []string{
		`shipments_build_info{commit="abc",go="go1.26",version="v1"} 1`,
		`shipments_config_info{child_workflows="all",emulation="true"} 1`,
		`shipments_host_works{host="consumer"} 0`, `shipments_host_ready{host="consumer"} 1`,
		`shipments_task_queue_needed{task_queue="shipment-orchestrator"} 1`, `shipments_warnings{subject="search attributes"} 1`,
		`shipments_carrier_token_refused{carrier="c1"} 1`, `shipments_carrier_token_refused{carrier="c2"} 0`,
		`shipments_nats_connected 1`, `shipments_nats_reconnects_total 0`,
	} {
		require.Contains(t, text, line+"\n")
	}
	for _, name := range []string{"go_goroutines", "process_resident_memory_bytes", "shipments_nats_received_bytes_total"} {
		require.Contains(t, text, "\n"+name+" ")
	}
}

// TestMetricsAreNamedAsPrometheusRecommends has Prometheus's own linter look at
// all metrics.
func TestMetricsAreNamedAsPrometheusRecommends(t *testing.T) {
	t.Parallel()
	m := setup(t)
	s := eventstest.Start(t)
	m.Activities(map[string]bool{"albion": true})
	m.Temporal().WithTags(map[string]string{"stage": "documents", "result": "ok"}).Timer(workflows.StageDuration).Record(time.Second)
	m.Settled(t.Context(), consumer.Settlement{Type: events.TypeCreated, Result: consumer.ResultAccepted, Redelivered: true})
	require.NoError(t, m.FollowConsumer(func() consumer.State { return consumer.State{} }))
	require.NoError(t, m.FollowNeeds([]string{"q"}, func() map[string]int { return map[string]int{"x": 1} }))
	require.NoError(t, m.FollowProcess(metrics.Info{}, func() []metrics.Loop { return nil }, func() map[string]bool { return map[string]bool{"c1": true} }, s.JS.Conn()))
	problems, err := testutil.GatherAndLint(m.Gatherer())
	require.NoError(t, err)
	require.Empty(t, problems)
	families, err := m.Gatherer().Gather()
	require.NoError(t, err)
	documented, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	require.NoError(t, err)
	for _, family := range families {
		if strings.HasPrefix(family.GetName(), "shipments_") {
			require.Contains(t, string(documented), "`"+family.GetName(), "docs/operations.md does not list it")
		}
		if family.GetType() == dto.MetricType_COUNTER {
			require.True(t, strings.HasSuffix(family.GetName(), "_total"), family.GetName())
		}
	}
}

func TestMetricsHaveExemplars(t *testing.T) {
	t.Parallel()
	m := setup(t)
	for id, flags := range map[byte]trace.TraceFlags{0xaa: trace.FlagsSampled, 0xbb: 0} {
		ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{id}, SpanID: trace.SpanID{1}, TraceFlags: flags}))
		m.Settled(ctx, consumer.Settlement{Type: events.TypeCreated, Result: consumer.ResultAccepted, Age: 30 * time.Millisecond})
	}
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	reply := httptest.NewRecorder()
	m.Handler().ServeHTTP(reply, request)
	require.Regexp(t, `shipments_input_age_seconds_bucket\{le="0.05"\} 2 # \{.*trace_id="aa0+"`, reply.Body.String())
	require.NotContains(t, reply.Body.String(), "bb000", "a trace that is not sampled")
	require.NotContains(t, scrape(t, m), "trace_id", "the text format has none")
}
