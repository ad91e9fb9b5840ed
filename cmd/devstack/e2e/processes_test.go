package e2e_test

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
	"shipments/hosts"
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

func TestHostsInOneProcessEach(t *testing.T) {
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
