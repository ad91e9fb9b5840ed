package hosts_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/hosts"
)

// unknown are the warnings of unknown variables with an environment, those of
// the test's own aside.
func unknown(t *testing.T, environment ...string) []hosts.Warning {
	t.Helper()
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	before := len(config.UnknownVariables())
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	config, err = hosts.LoadConfig()
	require.NoError(t, err)
	warnings := config.UnknownVariables()
	require.GreaterOrEqual(t, len(warnings), before)
	if before > 0 {
		t.Fatalf("the test's environment has unknown variables: %v", warnings)
	}
	return warnings
}

func TestUnknownVariables(t *testing.T) {
	for variable, says := range map[string]string{
		"SHIPMENTS_COLECTION_DELAY=1s":      "did you mean SHIPMENTS_COLLECTION_DELAY?",
		"SHIPMENTS_EMULATE=true":            "did you mean SHIPMENTS_EMULATION?",
		"NATS_URLS=nats://x":                "did you mean NATS_URL?",
		"NATS_CRED=/x":                      "did you mean NATS_CREDS?",
		"TEMPORAL_ADDRESSS=x:1":             "did you mean TEMPORAL_ADDRESS?",
		"TEMPORAL_TLS_CLIENT_CERT=/x":       "did you mean TEMPORAL_TLS_CLIENT_CERT_PATH?",
		"SHIPMENTS_HTTP_PORT=8080":          "did you mean SHIPMENTS_HTTP_ADDR?",
		"SHIPMENTS_HEALTH_ADDR=x:1":         "use SHIPMENTS_ADMIN_ADDR",
		"SHIPMENTS_ELEPHANTS_IN_THE_ROOM=1": "`shipments run --help` lists the variables",
	} {
		t.Run(variable, func(t *testing.T) {
			name, _, _ := strings.Cut(variable, "=")
			require.Equal(t, []hosts.Warning{{Variable: name, Text: name + " is unknown and has no effect: " + says}}, unknown(t, variable))
		})
	}
	for name, environment := range map[string][]string{
		"what Kubernetes sets for a service shipments": {
			"SHIPMENTS_SERVICE_HOST=10.0.0.1", "SHIPMENTS_SERVICE_PORT=43210", "SHIPMENTS_SERVICE_PORT_HTTP=43210",
			"SHIPMENTS_PORT=tcp://10.0.0.1:43210", "SHIPMENTS_PORT_43210_TCP=tcp://10.0.0.1:43210", "SHIPMENTS_PORT_43210_TCP_PROTO=tcp",
			"SHIPMENTS_PORT_43210_TCP_PORT=43210", "SHIPMENTS_PORT_43210_TCP_ADDR=10.0.0.1",
		},
		"what Kubernetes sets for other services": {
			"SHIPMENTS_API_SERVICE_HOST=10.0.0.1", "SHIPMENTS_API_PORT=tcp://10.0.0.1:80", "NATS_SERVICE_HOST=10.0.0.2", "NATS_SERVICE_PORT=4222",
			"NATS_PORT=tcp://10.0.0.2:4222", "NATS_PORT_4222_TCP_ADDR=10.0.0.2", "TEMPORAL_FRONTEND_SERVICE_HOST=10.0.0.3", "TEMPORAL_FRONTEND_SERVICE_PORT_GRPC_RPC=7233",
		},
		"what Docker sets for a link": {
			"NATS_NAME=/web/nats", "NATS_PORT=tcp://172.17.0.5:4222", "NATS_ENV_NATS_SERVER_VERSION=2",
		},
		"what the tools of NATS and Temporal read": {
			"NATS_TIMEOUT=5s", "NATS_COLOR=x", "TEMPORAL_CLI_ADDRESS=x:1", "TEMPORAL_CODEC_ENDPOINT=/x",
			"TEMPORAL_GRPC_META_X=1", "TEMPORAL_UI_PORT=8080", "TEMPORAL_TLS_CA=x", "TEMPORAL_DEBUG=1",
		},
		"what has another prefix": {"NATSURL=x", "CARRIER_SIMULATOR_TOKEN=x", "SHIPMENTSX=1"},
	} {
		t.Run("not "+name, func(t *testing.T) { require.Empty(t, unknown(t, environment...)) })
	}
	t.Run("not the token of a carrier in the table", func(t *testing.T) {
		table := strings.ReplaceAll(oneCarrier, "TOKEN_OF_ONE", "SHIPMENTS_TOKEN_OF_ONE")
		require.Empty(t, unknown(t, "SHIPMENTS_CARRIERS="+carrierTable(t, table), "SHIPMENTS_TOKEN_OF_ONE=x"))
		require.Len(t, unknown(t, "SHIPMENTS_TOKEN_OF_TWO=x"), 1)
	})
}
