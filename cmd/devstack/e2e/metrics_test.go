package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"shipments/activities/carriers"
	"shipments/activities/pace"
	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
	"shipments/workflows"
)

var updateMetrics = flag.Bool("update-metrics", false, "write the list of metrics anew that alerts and dashboard are compared with")

// metricsFile lists the metrics after a run. The tests of deploy/monitoring/check
// compare the alerts and the dashboard with it.
var metricsFile = filepath.Join("..", "..", "..", "deploy", "monitoring", "check", "testdata", "metrics.txt")

// scrape reads the metrics of the hosts.
func (s *system) scrape(t testing.TB) map[string]*dto.MetricFamily {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.adminURL+"/metrics", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(response.Body)
	require.NoError(t, err)
	return families
}

// samples are the names of a scrape's samples, each with the names of its labels.
func samples(families map[string]*dto.MetricFamily) map[string][]string {
	all := map[string][]string{}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			var names []string
			for _, label := range metric.GetLabel() {
				names = append(names, label.GetName())
			}
			switch family.GetType() {
			case dto.MetricType_HISTOGRAM:
				all[name+"_bucket"] = append(all[name+"_bucket"], append(names, model.BucketLabel)...)
				all[name+"_count"] = append(all[name+"_count"], names...)
				all[name+"_sum"] = append(all[name+"_sum"], names...)
			default:
				all[name] = append(all[name], names...)
			}
		}
	}
	for name, names := range all {
		slices.Sort(names)
		all[name] = slices.Compact(names)
	}
	return all
}

// ours reports whether a metric is of the service itself.
func ours(name string) bool {
	return strings.HasPrefix(name, "shipments_") || strings.HasPrefix(name, "http_")
}

// TestMetricsAfterARun requires that a scrape after a run has the metrics that the
// alerts and the dashboard are compared with, and that the list of them has all of the
// service's own. The flag -update-metrics writes the list anew.
func TestMetricsAfterARun(t *testing.T) {
	t.Setenv("SHIPMENTS_CARRIER_FIRST_TRY", "false") // Carrier calls are regular activities.
	t.Setenv("SHIPMENTS_CARRIERS", harness.CarrierTable(t, carriersThatFailFirst(t), nil))
	s := start(t, "all", 200*time.Millisecond)
	s.runForMetrics(t)
	var families map[string]*dto.MetricFamily
	eventually(t, func() bool {
		families = s.scrape(t)
		return families["temporal_workflow_task_execution_failed_total"] != nil
	}, "a failed workflow task is counted")
	there := samples(families)
	if *updateMetrics {
		writeMetrics(t, there)
	}
	text, err := os.ReadFile(metricsFile)
	require.NoError(t, err)
	listed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		name, names, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), "}"), "{")
		listed[name] = true
		require.Contains(t, there, name, "the scrape lacks a metric of %s", metricsFile)
		require.Subset(t, there[name], strings.FieldsFunc(names, func(r rune) bool { return r == ',' }), name)
		if ours(name) {
			require.Equal(t, strings.Join(there[name], ","), names, "%s: run the test with -args -update-metrics", name)
		}
	}
	for name := range there {
		require.True(t, !ours(name) || listed[name], "%s lacks %s: run the test with -args -update-metrics", metricsFile, name)
	}
	t.Run("the names follow Prometheus", func(t *testing.T) { checkNames(t, families) })
	t.Run("latencies have buckets that tell them apart", func(t *testing.T) { checkBuckets(t, families) })
}

// runForMetrics has the system do all that metrics are made for.
func (s *system) runForMetrics(t *testing.T) {
	t.Helper()
	for _, id := range examples {
		status, _ := s.do(t, http.MethodPost, "/"+id)
		require.Equal(t, http.StatusAccepted, status)
	}
	_, err := s.js.Publish(t.Context(), events.TypeCreated, []byte("not json"))
	require.NoError(t, err)
	// No worker has this workflow: its first task fails, again and again.
	run, err := s.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "unknown", TaskQueue: workflows.QueueOrchestrator}, "Unknown")
	require.NoError(t, err)
	for _, id := range examples {
		s.checkEnd(t, id)
	}
	s.drained(t)
	eventually(t, func() bool { return len(eventstest.Rejections(t, s.js)) == 1 }, "a rejection")
	require.NoError(t, s.temporal.TerminateWorkflow(t.Context(), run.GetID(), run.GetRunID(), "the test has seen it"))
}

// carriersThatFailFirst answers the first try of each call with 503. The server hands a
// first try to the worker whose workflow task schedules it; a second one is polled for,
// and so has the latency that activities have in a queue.
func carriersThatFailFirst(t *testing.T) (url string) {
	t.Helper()
	simulator := carriers.NewServer(carriers.Simulator{Emulation: true}, "", carriers.Chaos{})
	var tried sync.Map // of the idempotency keys
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key := r.Header.Get("Idempotency-Key"); r.Method == http.MethodPost {
			if _, again := tried.LoadOrStore(key, true); !again {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
		}
		simulator.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// seldom are metrics of the libraries that a run may have or not.
var seldom = []string{"temporal_sticky_cache_total_forced_eviction", "temporal_request_failure", "temporal_long_request_failure", "temporal_corrupted", "go_", "process_"}

func writeMetrics(t *testing.T, there map[string][]string) {
	t.Helper()
	var text bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(there)) {
		isSeldom := slices.ContainsFunc(seldom, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if !isSeldom || name == "process_cpu_seconds_total" || name == "process_resident_memory_bytes" {
			fmt.Fprintf(&text, "%s{%s}\n", name, strings.Join(there[name], ","))
		}
	}
	require.NoError(t, os.WriteFile(metricsFile, text.Bytes(), 0o600))
}

// checkNames requires that counters end in _total, that times and sizes have their
// unit, and that nothing has the labels of OpenTelemetry's scopes.
func checkNames(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	for name, family := range families {
		if !ours(name) && !strings.HasPrefix(name, "temporal_") {
			continue
		}
		require.Equal(t, family.GetType() == dto.MetricType_COUNTER, strings.HasSuffix(name, "_total"), "%s is a %s", name, family.GetType())
		if family.GetType() == dto.MetricType_HISTOGRAM {
			require.True(t, strings.HasSuffix(name, "_seconds"), name)
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				require.False(t, strings.HasPrefix(label.GetName(), "otel_"), name)
				for _, id := range examples {
					require.NotContains(t, label.GetValue(), id, "%s: an id is no label", name)
				}
			}
		}
	}
}

// checkBuckets requires that the latencies of the Temporal SDK do not fall into one
// bucket, as with OpenTelemetry's own boundaries.
func checkBuckets(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	for _, name := range []string{
		"temporal_request_latency_seconds", "temporal_workflow_task_execution_latency_seconds",
		"temporal_workflow_endtoend_latency_seconds", "temporal_local_activity_execution_latency_seconds",
	} {
		require.Contains(t, families, name)
		filled := map[float64]bool{}
		for _, metric := range families[name].GetMetric() {
			var below uint64
			for _, bucket := range metric.GetHistogram().GetBucket() {
				if bucket.GetCumulativeCount() > below {
					below = bucket.GetCumulativeCount()
					filled[bucket.GetUpperBound()] = true
				}
			}
		}
		require.Greater(t, len(filled), 2, "%s: %v", name, filled)
	}
}

// TestMetricsOfManyShipments requires that many shipments make no more series than few,
// but for results that come with a busy machine, such as a call that took too long.
func TestMetricsOfManyShipments(t *testing.T) {
	const few, many = 10, 1000
	s := start(t, "none", 100*time.Millisecond)
	run := func(from, to int) map[string]bool {
		for n := from; n < to; n++ {
			id := emulation.NewID(emulation.Domestic, fmt.Sprintf("many%04d", n), emulation.Succeeds)
			now := time.Now()
			ev, err := events.NewCreated("e-"+id, "/team/orders", now, sample.Shipment(id, now))
			require.NoError(t, err)
			body, err := json.Marshal(ev)
			require.NoError(t, err)
			_, err = s.js.Publish(t.Context(), events.TypeCreated, body)
			require.NoError(t, err)
		}
		eventuallyWithin(t, 5*time.Minute, func() bool { return s.completed(t) == to }, "%d shipments are completed", to)
		return series(s.scrape(t))
	}
	before := run(0, few)
	after := run(few, many)
	own := 0
	for name := range after {
		if !ours(name) {
			continue
		}
		own++
		require.True(t, before[name] || strings.Contains(name, "result="), "%s is new", name)
	}
	require.Greater(t, own, 100)
	// The SDK makes a series when something happens for the first time, such as an
	// eviction or an error of a request: a handful more, whatever the number of shipments.
	t.Logf("series after %d shipments: %d, after %d: %d; of the service itself: %d", few, len(before), many, len(after), own)
	require.Less(t, len(after), len(before)+(many-few)/10)
}

// series are the series of a scrape, each with its labels, buckets apart.
func series(families map[string]*dto.MetricFamily) map[string]bool {
	all := map[string]bool{}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", label.GetName(), label.GetValue()))
			}
			slices.Sort(labels)
			all[name+"{"+strings.Join(labels, ",")+"}"] = true
		}
	}
	return all
}

// TestMetricsCost compares the throughput with metrics, which are read every five
// seconds, with that without, in turns.
func TestMetricsCost(t *testing.T) {
	onlyForCost(t)
	const rounds, warmUp = 6, 50
	var with, without throughput
	for round := range rounds {
		for _, measured := range []bool{round%2 == 0, round%2 != 0} {
			t.Run(fmt.Sprintf("round %d, metrics %t", round+1, measured), func(t *testing.T) {
				s := startMeasured(t, "none", collectionDelay, stack.Options{Dir: t.TempDir()}, measured)
				s.pipeline(t, 0, warmUp)
				if !measured {
					without.add(s.pipeline(t, warmUp, *shipments))
					return
				}
				ctx, stop := context.WithCancel(t.Context())
				var scraping sync.WaitGroup
				scraping.Go(func() {
					for pace.Sleep(ctx, 5*time.Second) {
						s.scrape(t)
					}
				})
				with.add(s.pipeline(t, warmUp, *shipments))
				stop()
				scraping.Wait()
			})
		}
	}
	t.Logf("without metrics: %v", &without)
	t.Logf("with metrics: %v", &with)
	ratio := with.rate() / without.rate()
	t.Logf("ratio %.3f in shipments per second, %.3f in time of the processors", ratio, without.cpuMs()/with.cpuMs())
	require.Greater(t, ratio, 0.8, "a machine that is shared with others may be a tenth slower in some rounds")
}
