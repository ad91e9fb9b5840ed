package e2e_test

import (
	"fmt"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
	"shipments/hosts"
)

// TestGuardCost compares the throughput of a guarded system (TLS with certificates of
// clients on NATS and Temporal, permissions, encrypted payloads) with that of one
// without all that, in turns. Both have a process for each host and run every stage as
// a child workflow: each host does its own work, as its own NATS user.
func TestGuardCost(t *testing.T) {
	onlyForCost(t)
	var with, without throughput
	const rounds, warmUp = 3, 20
	for round := range rounds {
		for _, on := range []bool{round%2 == 0, round%2 != 0} {
			t.Run(fmt.Sprintf("round %d, guarded %t", round+1, on), func(t *testing.T) {
				total, started := &without, startPlain
				if on {
					total, started = &with, startGuarded
				}
				s := started(t)
				s.pipeline(t, 0, warmUp)
				total.add(s.pipeline(t, warmUp, *shipments/5))
			})
		}
	}
	t.Logf("without guards: %v", &without)
	t.Logf("with guards: %v", &with)
	t.Logf("ratio %.3f in shipments per second; the processors' time is that of the servers alone", with.rate()/without.rate())
	require.InEpsilon(t, without.each, with.each, 0.05, "the state transitions of a shipment")
}

// costEnvironment is that of both systems whose throughput is compared.
func costEnvironment() []string {
	return []string{
		"SHIPMENTS_EMULATION=true", "SHIPMENTS_CHILD_WORKFLOWS=all", "SHIPMENTS_COLLECTION_DELAY=" + collectionDelay.String(),
		"SHIPMENTS_LOG_LEVEL=warn", "SHIPMENTS_LOG_FORMAT=json", "SHIPMENTS_ADMIN_ADDR=127.0.0.1:0",
	}
}

func startGuarded(t *testing.T) *system {
	t.Helper()
	g := newGuarded(t)
	var processes []*harness.Process
	for _, host := range hosts.Names() {
		processes = append(processes, g.start(t, host, costEnvironment(), "run", host))
	}
	g.ready(t, processes...)
	return g.system
}

func startPlain(t *testing.T) *system {
	t.Helper()
	dir := t.TempDir()
	program := harness.Build(t, dir)
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	servers, err := stack.Start(t.Context(), stack.Options{Dir: t.TempDir(), NoUI: true, Config: config, Log: zerolog.Nop()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, servers.Stop()) })
	api := harness.Port(t).Address()
	var processes []*harness.Process
	for _, host := range hosts.Names() {
		processes = append(processes, harness.Start(t, harness.Options{Program: program, Args: []string{"run", host}, Env: append(costEnvironment(),
			"NATS_URL="+servers.NATSURL, "TEMPORAL_ADDRESS="+servers.TemporalAddress, "SHIPMENTS_HTTP_ADDR="+api, "SHIPMENTS_PUBLIC_URL=http://"+api)}))
	}
	s := dial(t, servers.NATSURL, servers.TemporalAddress, api)
	s.ready(t, processes...)
	return s
}
