package stack_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
)

// freePorts are flags with which the stack takes free ports.
var freePorts = []string{"--nats-port=0", "--temporal-port=0", "--ui-port=0", "--admin-addr=127.0.0.1:0"}

// runMain runs the command, with standard output and standard error in one file,
// until it says that it is ready, and returns the file's text.
func runMain(t *testing.T, args ...string) string {
	t.Helper()
	output := filepath.Join(t.TempDir(), "output")
	file, err := os.OpenFile(output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- stack.Main(ctx, append(append([]string{"--ephemeral"}, freePorts...), args...), file, file)
	}()
	var text []byte
	for deadline := time.Now().Add(time.Minute); !strings.Contains(string(text), "Ready"); {
		select {
		case err := <-ended:
			require.Fail(t, "the command has ended", "%v", err)
		case <-time.After(20 * time.Millisecond):
		}
		text, err = os.ReadFile(output)
		require.NoError(t, err)
		require.True(t, time.Now().Before(deadline), "%s", text)
	}
	stop()
	require.NoError(t, <-ended)
	return string(text)
}

// carrierTable has a carrier that nothing is asked of.
const carrierTable = `
carriers:
  - id: albion
    name: Albion Parcels
    services: [Parcel]
    protocol: http
    url: http://127.0.0.1:9
    booking: { daysBefore: 1, opens: "09:00", cutOff: "16:30" }
`

func TestMainPrintsABanner(t *testing.T) {
	const id = "15916b8a5d11456f9934ed91c2bd82c0"
	for _, c := range []struct {
		name, emulation string
		args            []string
		has, lacks      []string
	}{
		{
			"all hosts", "", []string{"--http-addr=127.0.0.1:0"},
			[]string{"HTTP API     http://127.0.0.1:", "Admin        http://127.0.0.1:", "Temporal UI  http", "NATS         nats://", "Temporal     127", "Emulation    on", "sub 'shipments.*." + id + "'", "/" + id},
			nil,
		},
		{"emulation off", "false", []string{"--http-addr=127.0.0.1:0"}, []string{"HTTP API", "Emulation    off"}, []string{"curl"}},
		{"some hosts", "", []string{"--hosts=consumer,orchestrator"}, []string{"Hosts        consumer, orchestrator", "Emulation    on"}, []string{"HTTP API", "curl"}},
		{
			"no hosts", "", []string{"--hosts=none", fmt.Sprintf("--http-addr=127.0.0.1:%d", taken(t))},
			[]string{"Hosts        none", "shipments run"},
			[]string{"HTTP API", "curl", "Emulation"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.emulation != "" {
				t.Setenv("SHIPMENTS_EMULATION", c.emulation)
				table := filepath.Join(t.TempDir(), "carriers.yaml")
				require.NoError(t, os.WriteFile(table, []byte(carrierTable), 0o600))
				t.Setenv("SHIPMENTS_CARRIERS", table)
			}
			text := runMain(t, c.args...)
			_, banner, found := strings.Cut(text, "Shipment dev stack\n")
			require.True(t, found, text)
			banner, _, _ = strings.Cut(banner, "\n  Ready. Ctrl-C stops it.\n")
			for _, has := range c.has {
				require.Contains(t, banner, has)
			}
			for _, lacks := range c.lacks {
				require.NotContains(t, banner, lacks)
			}
			require.NotContains(t, banner, `"level"`, "no line of a log")
		})
	}
}

func TestMainIsReadyWhenItSaysSo(t *testing.T) {
	args := append([]string{"--ephemeral", "--http-addr=127.0.0.1:0"}, freePorts...)
	p := harness.Start(t, harness.Options{Role: harness.Devstack, Args: args})
	addresses := p.Addresses(t)
	for _, name := range []string{"HTTP API", "Admin"} {
		response, err := http.Get(addresses[name] + "/readyz")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode, name)
	}
	require.NoError(t, p.Terminate(os.Interrupt))
}

func TestMainSeveralAtOnce(t *testing.T) {
	args := append([]string{"--ephemeral", "--http-addr=127.0.0.1:0"}, freePorts...)
	var processes []*harness.Process
	for range 4 {
		processes = append(processes, harness.Start(t, harness.Options{Role: harness.Devstack, Args: args}))
	}
	known := map[string]bool{}
	for _, p := range processes {
		addresses := p.Addresses(t)
		require.Len(t, addresses, 5)
		for name, address := range addresses {
			_, port, err := net.SplitHostPort(address[strings.LastIndex(address, "/")+1:])
			require.NoError(t, err)
			require.False(t, known[port], "%s: port %s is printed twice", name, port)
			known[port] = true
		}
	}
	for _, p := range processes {
		require.NoError(t, p.Terminate(os.Interrupt))
	}
}
