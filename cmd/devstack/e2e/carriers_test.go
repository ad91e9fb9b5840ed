package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
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
