package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
	"shipments/hosts"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// servers starts the servers alone. It returns the system of hosts that run as
// processes of their own, and the environment of these.
func servers(t *testing.T) (*system, []string) {
	t.Helper()
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	s, err := stack.Start(t.Context(), stack.Options{Ephemeral: true, NoUI: true, Config: config, Log: zerolog.Nop()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	api := harness.Port(t).Address()
	return dial(t, s.NATSURL, s.TemporalAddress, api), []string{
		"NATS_URL=" + s.NATSURL, "TEMPORAL_ADDRESS=" + s.TemporalAddress, "SHIPMENTS_HTTP_ADDR=" + api,
		"SHIPMENTS_EMULATION=true", "SHIPMENTS_COLLECTION_DELAY=200ms", "SHIPMENTS_LOG_LEVEL=warn",
	}
}

func TestSevenHostsInSevenProcesses(t *testing.T) {
	program := harness.Build(t, t.TempDir(), "-race")
	s, env := servers(t)
	var processes []*harness.Process
	for _, host := range hosts.Names() {
		processes = append(processes, harness.Start(t, harness.Options{Program: program, Args: []string{"run", host}, Env: env}))
	}
	s.ready(t, processes...)
	for _, id := range examples {
		status, _ := s.do(t, http.MethodPost, "/"+id)
		require.Equal(t, http.StatusAccepted, status)
	}
	for _, id := range examples {
		s.checkEnd(t, id)
	}
	for i, p := range processes {
		require.NoError(t, p.Terminate(syscall.SIGTERM), "%s: exit code 0, and no data race", hosts.Names()[i])
	}
}

func TestAWorkerThatDiesInACarrierCallIsReplacedWithOneEffect(t *testing.T) {
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
	status, _ := s.do(t, http.MethodPost, "/1died0")
	require.Equal(t, http.StatusAccepted, status)
	<-calls // The worker is in the middle of the call.
	worker.Kill()
	close(release)
	harness.Start(t, harness.Options{Program: program, Args: []string{"run", "carrier"}, Env: env})
	began := time.Now()
	result, _ := s.ended(t, "1died0")
	require.Equal(t, shipment.Success, result.Status)
	require.Equal(t, successStory, s.story(t, "1died0"))
	effects, _ := simulator.Effects()
	require.Equal(t, map[string]int{"1died0/leg-1/manifest": 1, "1died0/leg-1/book-collection": 1}, effects)
	t.Logf("taken over after %s", time.Since(began).Round(time.Second))
}
