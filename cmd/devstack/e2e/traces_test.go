package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
	"shipments/events"
	"shipments/hosts"
	"shipments/hosts/traces/tracestest"
	"shipments/shipment"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// The publisher's trace and span of the n-th shipment.
func publisherTrace(n int) string      { return fmt.Sprintf("0af7651916cd43dd8448eb21%08x", n+1) }
func publisherSpan(n int) [16]byte     { return tracestest.Parent(0xb7ad6b7100000000 + uint64(n)) }
func publisherParent(n int) string     { return fmt.Sprintf("00-%s-b7ad6b71%08x-01", publisherTrace(n), n) }
func traceOf(s tracestest.Span) string { return fmt.Sprintf("%x", s.TraceID) }

// publishTraced publishes a sample shipment in the trace of a publisher.
func (s *system) publishTraced(t testing.TB, n int, id string) {
	t.Helper()
	ev, err := events.NewCreated("e-"+id, "/team", time.Now(), sample.Shipment(id, time.Now()))
	require.NoError(t, err)
	body, err := json.Marshal(ev)
	require.NoError(t, err)
	msg := nats.NewMsg(events.Subject(events.TypeCreated, id))
	msg.Data = body
	msg.Header.Set("traceparent", publisherParent(n))
	_, err = s.js.PublishMsg(t.Context(), msg)
	require.NoError(t, err)
}

// tracedPicture is the trace of an international shipment of two legs.
// docs/operations.md shows it.
const tracedPicture = `process shipments.created.{shipmentId} (consumer)
  settle shipments.created.{shipmentId} (client)
  send shipments.accepted.{shipmentId} (producer)
  manifest leg (internal)
    POST v1/manifestations (client)
  manifest leg (internal)
    POST v1/manifestations (client)
  send shipments.manifested.{shipmentId} (producer)
  generate documents (internal)
  send shipments.documents-generated.{shipmentId} (producer)
  book collection (internal)
    POST v1/collections (client)
  send shipments.collection-booked.{shipmentId} (producer)
  send shipments.completed.{shipmentId} (producer)
`

// tracedCarriers has carriers that are called over HTTP, as the hosts' environment has
// them.
func tracedCarriers(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(carriers.NewServer(carriers.Simulator{Emulation: true}, "", carriers.Chaos{Latency: 5 * time.Millisecond}))
	t.Cleanup(server.Close)
	return harness.CarrierTable(t, server.URL, nil)
}

func TestTracesOfAShipment(t *testing.T) {
	for _, composition := range []string{"none", "all"} {
		t.Run(composition, func(t *testing.T) {
			collector := tracestest.Start(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
			t.Setenv("SHIPMENTS_CARRIERS", tracedCarriers(t))
			s := start(t, composition, 200*time.Millisecond)
			id := succeeds("traced")
			s.publishTraced(t, 0, id)
			result, _ := s.ended(t, id)
			require.Equal(t, shipment.Success, result.Status)
			eventually(t, func() bool { return tracestest.Names(collector.Of(id))["send shipments.completed.{shipmentId}"] == 1 }, "the trace is exported")

			spans := collector.Of(id)
			require.Equal(t, tracedPicture, tracestest.Picture(spans))
			require.Empty(t, tracestest.Problems(spans, publisherSpan(0)))
			sent := map[string]string{}
			for _, span := range spans {
				require.Equal(t, publisherTrace(0), traceOf(span))
				if template := span.Attributes["messaging.destination.template"]; span.Attributes["messaging.operation.type"] == "send" {
					sent[template] = fmt.Sprintf("00-%x-%x-01", span.TraceID, span.SpanID[:8])
				}
			}
			require.Len(t, sent, 5)
			for _, eventType := range []string{
				events.TypeAccepted, events.TypeManifested, events.TypeDocumentsGenerated, events.TypeCollectionBooked, events.TypeCompleted,
			} {
				stream, err := s.js.Stream(t.Context(), events.StreamEvents)
				require.NoError(t, err)
				stored, err := stream.GetLastMsgForSubject(t.Context(), events.Subject(eventType, id))
				require.NoError(t, err)
				require.Equal(t, []string{sent[eventType+".{shipmentId}"]}, stored.Header["traceparent"], "subscribers continue the trace")
			}

			// Who looks at the process makes Temporal replay it.
			_, err := s.temporal.QueryWorkflow(t.Context(), shipment.ProcessID(id), "", "__stack_trace")
			require.NoError(t, err)
			other := succeeds("traced-too")
			s.publishTraced(t, 1, other)
			eventually(t, func() bool {
				return tracestest.Names(collector.Of(other))["send shipments.completed.{shipmentId}"] == 1
			}, "the next trace is exported")
			require.Len(t, collector.Of(id), len(spans), "a query makes no span")
		})
	}
}

// TestTracesThroughKills kills the worker, and then the consumer too, while shipments
// are at all stages.
func TestTracesThroughKills(t *testing.T) {
	const shipments = 20
	program := harness.Build(t, t.TempDir())
	for _, composition := range []string{"none", "all"} {
		t.Run(composition, func(t *testing.T) {
			collector := tracestest.Start(t)
			s, env := servers(t)
			env = append(env, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL, "SHIPMENTS_CHILD_WORKFLOWS="+composition,
				"SHIPMENTS_CARRIERS="+tracedCarriers(t), "SHIPMENTS_COLLECTION_DELAY=2s")
			var workerHosts []string
			for _, w := range workflows.Workers() {
				workerHosts = append(workerHosts, w.Host)
			}
			run := func(names ...string) *harness.Process {
				return harness.Start(t, harness.Options{Program: program, Args: append([]string{"run"}, names...), Env: env})
			}
			api, consumer, worker := run("api"), run("consumer"), run(workerHosts...)
			s.ready(t, api, consumer, worker)
			var ids []string
			for n := range shipments {
				ids = append(ids, succeeds("killed%02d", n))
			}
			stored := func(id string, n int) func() bool { return func() bool { return len(s.story(t, id)) >= n } }
			for n, id := range ids[:shipments/2] {
				s.publishTraced(t, n, id)
			}
			eventually(t, stored(ids[0], 2), "the first shipment is manifested")
			worker.Kill()
			worker = run(workerHosts...)
			for n, id := range ids[shipments/2:] {
				s.publishTraced(t, shipments/2+n, id)
			}
			eventually(t, stored(ids[shipments/2], 1), "the next shipment is accepted")
			consumer.Kill()
			worker.Kill()
			consumer, worker = run("consumer"), run(workerHosts...)
			for _, id := range ids {
				result, _ := s.ended(t, id)
				require.Equal(t, shipment.Success, result.Status)
			}
			for n, id := range ids {
				const last = "send shipments.completed.{shipmentId}"
				eventually(t, func() bool { return tracestest.Names(collector.Of(id))[last] == 1 }, "the trace of %s is exported", id)
				spans := collector.Of(id)
				require.Empty(t, tracestest.Problems(spans, publisherSpan(n)), tracestest.Picture(spans))
				for _, span := range spans {
					require.Equal(t, publisherTrace(n), traceOf(span))
				}
				for name, times := range tracestest.Names(spans) {
					switch name {
					case "manifest leg", "POST v1/manifestations":
						require.LessOrEqual(t, times, 2, "%s\n%s", name, tracestest.Picture(spans))
					case "process shipments.created.{shipmentId}", "settle shipments.created.{shipmentId}", "GET v1/results": // one for each delivery
					default:
						require.Equal(t, 1, times, "%s\n%s", name, tracestest.Picture(spans))
					}
				}
			}
			t.Logf("%d spans of %d shipments, of which one has\n%s", len(collector.Spans()), shipments, tracestest.Picture(collector.Of(ids[0])))
			for _, p := range []*harness.Process{api, consumer, worker} {
				require.NoError(t, p.Failure())
			}
		})
	}
}

// TestTracesCost compares the throughput with all traces sampled with that without, in
// turns.
func TestTracesCost(t *testing.T) {
	onlyForCost(t)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	t.Cleanup(collector.Close)
	totals := map[string]*throughput{"off": {}, "on": {}}
	const rounds = 3
	for round := range rounds {
		for _, traces := range []string{"off", "on"} {
			t.Run(fmt.Sprintf("%s, round %d", traces, round+1), func(t *testing.T) {
				if traces == "on" {
					t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
				}
				s := startWith(t, "none", collectionDelay, stack.Options{Dir: t.TempDir(), Hosts: hosts.All()})
				const warmUp = 50
				s.pipeline(t, 0, warmUp)
				totals[traces].add(s.pipeline(t, warmUp, *shipments))
			})
		}
	}
	off, on := totals["off"], totals["on"]
	t.Logf("off: %v", off)
	t.Logf("on: %v", on)
	t.Logf("ratio %.3f", on.rate()/off.rate())
	require.InDelta(t, off.each, on.each, 0.01, "the state transitions of a shipment")
}
