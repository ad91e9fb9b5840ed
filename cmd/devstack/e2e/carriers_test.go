package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/activities/documents/pdf"
	"shipments/cmd/devstack/harness"
	"shipments/events"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

func TestCarriersOverHTTPWithFaultsHaveEveryEffectOnce(t *testing.T) {
	const shipments = 200
	simulator := carriers.NewServer(carriers.Simulator{Emulation: true}, "secret", carriers.Chaos{
		Latency: 5 * time.Millisecond, Errors: 0.1, Throttled: 0.05, RetryAfter: time.Second, Dropped: 0.1, Seed: 7,
	})
	server := httptest.NewServer(simulator)
	t.Cleanup(server.Close)
	t.Setenv("E2E_CARRIER_TOKEN", "secret")
	t.Setenv("SHIPMENTS_CARRIERS", harness.CarrierTable(t, server.URL, map[string]any{"tokenVariable": "E2E_CARRIER_TOKEN"}))

	s := start(t, "none", 100*time.Millisecond)
	var ids []string
	for i := range shipments {
		id := succeeds("http%03d", i)
		ids = append(ids, id)
		ev, err := events.NewCreated("e-"+id, "/team", time.Now(), sample.Shipment(id, time.Now()))
		require.NoError(t, err)
		body, err := json.Marshal(ev)
		require.NoError(t, err)
		_, err = s.js.Publish(t.Context(), "shipments.created", body)
		require.NoError(t, err)
	}
	for _, id := range ids {
		result, _ := s.ended(t, id)
		require.Equal(t, shipment.Success, result.Status, "the faults do not fail the shipment")
		require.Equal(t, successStory, s.story(t, id))
	}
	effects, repeats := simulator.Effects()
	require.Len(t, effects, 3*shipments, "two legs and a booking each")
	for key, n := range effects {
		require.Equal(t, 1, n, key)
	}
	t.Logf("seed 7: %d shipments, %d effects, %d repeated calls recognised", shipments, len(effects), repeats)
}

// TestCarriersOwnLabelsAreServed has one carrier that gives its own labels, in the
// answer or by URL, and one that gives none.
func TestCarriersOwnLabelsAreServed(t *testing.T) {
	for kind, urls := range map[string]bool{carriers.LabelPDF: true, carriers.LabelPNG: false, carriers.LabelZPL: true} {
		t.Run(kind, func(t *testing.T) {
			known := sample.Carriers()
			var entries []string
			for i, labels := range []string{kind, ""} {
				system := carriers.NewServer(carriers.Simulator{Labels: labels}, "secret", carriers.Chaos{LabelURLs: urls})
				server := httptest.NewServer(system)
				t.Cleanup(server.Close)
				entries = append(entries, fmt.Sprintf("{id: %s, name: %q, protocol: http, url: %q, tokenVariable: E2E_CARRIER_TOKEN, booking: {opens: '08:00', cutOff: '12:00'}}",
					known[i].ID, known[i].Name, server.URL))
			}
			table := filepath.Join(t.TempDir(), "carriers.yaml")
			require.NoError(t, os.WriteFile(table, []byte("carriers: ["+strings.Join(entries, ", ")+"]"), 0o600))
			t.Setenv("E2E_CARRIER_TOKEN", "secret")
			t.Setenv("SHIPMENTS_CARRIERS", table)
			s := start(t, "none", 100*time.Millisecond)
			id := succeeds("labels")
			status, _ := s.do(t, http.MethodPost, "/"+id)
			require.Equal(t, http.StatusAccepted, status)
			result, body := s.ended(t, id)
			require.Equal(t, shipment.Success, result.Status, string(body))
			require.Len(t, result.Outcome.ManifestedLegs, 2)
			packages := sample.Shipment(id, time.Now()).PackageCount()

			fetch := func(document string) (pages int, content []byte, contentType string) {
				response, err := http.Get(s.apiURL + "/shipment-documents/" + id + "_" + document)
				require.NoError(t, err)
				defer response.Body.Close()
				require.Equal(t, http.StatusOK, response.StatusCode, document)
				content, err = io.ReadAll(response.Body)
				require.NoError(t, err)
				contentType = response.Header.Get("Content-Type")
				if contentType == "application/pdf" {
					read, err := pdf.Read(content)
					require.NoError(t, err, document)
					pages = len(read)
				}
				return pages, content, contentType
			}
			theirs := packages // pages, of one for each package
			pages, own, contentType := fetch(known[0].ID)
			if kind == carriers.LabelZPL {
				theirs = 1 // It has a page that says where the labels are.
				require.Equal(t, "application/zpl", contentType)
				require.Equal(t, packages, bytes.Count(own, []byte("^XA")))
			} else {
				require.Equal(t, packages, pages)
			}
			if kind != carriers.LabelPNG { // Its words are in the picture.
				require.Contains(t, string(own), "SIMULATED CARRIER", "the carrier's own label")
			}
			pages, drawn, _ := fetch(known[1].ID)
			require.Equal(t, packages, pages, "labels are drawn where a carrier gives none")
			require.NotContains(t, string(drawn), "SIMULATED CARRIER")
			pages, all, _ := fetch("labels")
			require.Equal(t, theirs+packages, pages)
			require.Equal(t, kind == carriers.LabelPDF, bytes.Contains(all, []byte("SIMULATED CARRIER")))
			combined, merged, _ := fetch("combined_document")
			require.Greater(t, combined, theirs+packages, "labels, receipt and invoice")
			require.Equal(t, kind == carriers.LabelPDF, bytes.Contains(merged, []byte("SIMULATED CARRIER")))
		})
	}
}

func TestCarriersHostKilledInACallHasOneEffect(t *testing.T) {
	program := harness.Build(t, t.TempDir(), "-race")
	calls := make(chan struct{}, 10)
	release := make(chan struct{})
	simulator := carriers.NewServer(carriers.Simulator{}, "", carriers.Chaos{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		simulator.ServeHTTP(answer, r) // The effect …
		if r.Method == http.MethodPost {
			calls <- struct{}{}
			<-release // … whose answer takes long.
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	known := sample.Carriers()[0]
	table := filepath.Join(t.TempDir(), "carriers.yaml")
	require.NoError(t, os.WriteFile(table, fmt.Appendf(nil,
		"carriers: [{id: %s, name: One, protocol: http, url: %q, timeout: 10m, booking: {opens: '08:00', cutOff: '12:00'}}]", known.ID, server.URL), 0o600))
	s, env := servers(t)
	env = append(env, "SHIPMENTS_CARRIERS="+table, "SHIPMENTS_CHILD_WORKFLOWS=carrier")

	others := harness.Start(t, harness.Options{Program: program, Args: []string{"run", "api", "consumer", "orchestrator"}, Env: env})
	worker := harness.Start(t, harness.Options{Program: program, Args: []string{"run", "carrier"}, Env: env})
	s.ready(t, others, worker)
	id := emulation.NewID(emulation.Domestic, "host-killed", emulation.Succeeds)
	status, _ := s.do(t, http.MethodPost, "/"+id)
	require.Equal(t, http.StatusAccepted, status)
	<-calls // The worker is in the middle of the call.
	worker.Kill()
	close(release)
	harness.Start(t, harness.Options{Program: program, Args: []string{"run", "carrier"}, Env: env})
	began := time.Now()
	result, _ := s.ended(t, id)
	require.Equal(t, shipment.Success, result.Status)
	require.Equal(t, successStory, s.story(t, id))
	effects, _ := simulator.Effects()
	require.Equal(t, map[string]int{id + "/leg-1/manifest": 1, id + "/leg-1/book-collection": 1}, effects)
	t.Logf("taken over after %s", time.Since(began).Round(time.Second))
}

// A carrier that asks for five minutes is not asked before: that is longer than any
// pause of the retry policy's own.
func TestCarriersRetryAfterIsKept(t *testing.T) {
	for _, composition := range []string{"none", "all"} {
		t.Run(composition, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					w.WriteHeader(http.StatusNotFound) // No key has a result.
					return
				}
				w.Header().Set("Retry-After", "300")
				w.WriteHeader(http.StatusServiceUnavailable)
			}))
			t.Cleanup(server.Close)
			t.Setenv("SHIPMENTS_CARRIERS", harness.CarrierTable(t, server.URL, nil))
			t.Setenv("SHIPMENTS_CARRIER_FIRST_TRY", "false")
			s := start(t, composition, 100*time.Millisecond)
			id := emulation.NewID(emulation.Domestic, "retry-after", emulation.Succeeds)
			status, _ := s.do(t, http.MethodPost, "/"+id)
			require.Equal(t, http.StatusAccepted, status)
			var pause time.Duration
			eventually(t, func() bool {
				for _, e := range s.executions(t, id) {
					d, err := s.temporal.DescribeWorkflowExecution(t.Context(), e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId())
					require.NoError(t, err)
					for _, a := range d.GetPendingActivities() {
						if a.GetAttempt() == 2 {
							pause = a.GetCurrentRetryInterval().AsDuration()
							return true
						}
					}
				}
				return false
			}, "the call waits for its second attempt")
			require.Equal(t, 5*time.Minute, pause.Round(time.Second)) // It is the difference of two times.
		})
	}
}
