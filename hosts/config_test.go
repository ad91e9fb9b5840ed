package hosts_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/hosts"
	"shipments/workflows"
)

func TestConfigWrongValue(t *testing.T) {
	for _, c := range []struct{ variable, value, says string }{
		{"SHIPMENTS_EMULATION", "perhaps", "is not true or false"},
		{"SHIPMENTS_FONTS", "/nonexistent", "no such file"},
		{"SHIPMENTS_COLLECTION_HORIZON", "0s", "0s is not positive"},
		{"SHIPMENTS_COLLECTION_DELAY", "5", "is not a duration such as 5s"},
		{"SHIPMENTS_CHILD_WORKFLOWS", "all,of,them", "use all, none, or a list of"},
		{"SHIPMENTS_HTTP_ADDR", "nowhere", "is not host:port"},
		{"SHIPMENTS_HTTP_ADDR", "127.0.0.1:http-alternative", "is not a port"},
		{"SHIPMENTS_ADMIN_ADDR", "nowhere", "is not host:port"},
		{"SHIPMENTS_PUBLIC_URL", "ftp://x", "is not an http(s) URL"},
		{"SHIPMENTS_PUBLIC_URL", "httpx://x", "is not an http(s) URL"},
		{"SHIPMENTS_PUBLIC_URL", "https://x/a?b=c", "without query and fragment"},
		{"SHIPMENTS_CONSUMER_CONCURRENCY", "0", "is not within 1 to 1000"},
		{"SHIPMENTS_CONSUMER_IN_FLIGHT", "-1", "is negative"},
		{"SHIPMENTS_MAX_DELIVERIES", "-1", "is not a whole number"},
		{"SHIPMENTS_STREAM_REPLICAS", "6", "is not within 1 to 5"},
		{"SHIPMENTS_DRAIN_TIMEOUT", "0s", "is not positive"},
		{"SHIPMENTS_CARRIER_FIRST_TRY", "2s", "is not true or false"},
		{"SHIPMENTS_LOG_LEVEL", "loud", "is not trace, debug"},
		{"SHIPMENTS_UNCOLLECTED", "burn", "is not void or keep"},
		{"SHIPMENTS_LOG_FORMAT", "xml", "is not auto, json"},
		{"SHIPMENTS_CARRIERS", "/nonexistent", "no such file"},
		{"NATS_CREDS", "/nonexistent", "no such file"},
		{"NATS_URL", "http://x", "has the scheme http"},
		{"NATS_URL", "nats://a:4222,http://b", "has the scheme http"},
		{"NATS_URL", "nats://", "has no host"},
		{"NATS_URL", "nats://:4222", "has no host"},
		{"NATS_URL", "nats://x:port", "malformed"},
		{"NATS_URL", "nats://x:70000", "is not a port"},
		{"NATS_URL", "nats://x,ws://y", "cannot be mixed"},
		{"NATS_URL", " , ", "is empty"},
		{"TEMPORAL_ADDRESS", "temporal", "is not host:port"},
		{"TEMPORAL_ADDRESS", "http://temporal:7233", "is not host:port"},
		{"TEMPORAL_ADDRESS", "temporal:frontend", "is not a port"},
		{"TEMPORAL_ADDRESS", ":7233", "has no host"},
		{"TEMPORAL_TLS_CLIENT_CERT_PATH", "/nonexistent", "no such file"},
	} {
		t.Run(c.variable+"="+c.value, func(t *testing.T) {
			t.Setenv(c.variable, c.value)
			_, err := hosts.LoadConfig()
			var config *hosts.ConfigError
			require.ErrorAs(t, err, &config)
			require.ErrorContains(t, err, c.variable)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestConfigShowsNoPassword(t *testing.T) {
	for _, url := range []string{"http://me:secret@x", "nats://me:secret@", "nats://me:secret@x:port", "nats://me:sec ret@x"} {
		t.Run(url, func(t *testing.T) {
			t.Setenv("NATS_URL", url)
			_, err := hosts.LoadConfig()
			require.ErrorContains(t, err, "NATS_URL")
			require.NotContains(t, err.Error(), "sec")
		})
	}
}

func TestConfigNATSServers(t *testing.T) {
	for _, list := range []string{"x", "x:4222", "nats://me:secret@x", " tls://a , nats://b:4223,", "wss://x/path", "nats://[::1]:4222", "ws://a,wss://b"} {
		t.Run(list, func(t *testing.T) {
			t.Setenv("NATS_URL", list)
			_, err := hosts.LoadConfig()
			require.NoError(t, err)
		})
	}
}

func TestConfigDefaults(t *testing.T) {
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:43210", config.PublicURL)
	require.False(t, config.Emulation)
	require.Equal(t, 5*time.Second, config.CollectionDelay)
	require.Empty(t, config.Rules().Carriers, "without a table")
}

func TestConfigHelpHasTheStagesThatExist(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("config.go")
	require.NoError(t, err)
	require.Contains(t, string(source), workflows.CompositionHelp())
}

// carrierTable writes a carrier table and returns its file.
func carrierTable(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "carriers.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

const oneCarrier = `
carriers:
  - {id: one, name: One, protocol: http, url: "http://127.0.0.1:1", tokenVariable: TOKEN_OF_ONE, booking: {opens: "08:00", cutOff: "12:00"}}
`

func TestCheck(t *testing.T) {
	named := func(t *testing.T, names ...string) []hosts.Host {
		t.Helper()
		h, err := hosts.Named(names...)
		require.NoError(t, err)
		return h
	}
	t.Run("without a carrier table every host needs emulation", func(t *testing.T) {
		for _, h := range hosts.All() {
			t.Run(h.Name, func(t *testing.T) {
				config, err := hosts.LoadConfig()
				require.NoError(t, err)
				err = hosts.Check(config, []hosts.Host{h})
				var wrong *hosts.ConfigError
				require.ErrorAs(t, err, &wrong)
				require.ErrorContains(t, err, "SHIPMENTS_CARRIERS is not set")
				require.ErrorContains(t, err, "SHIPMENTS_EMULATION=true")

				config.Emulation = true
				require.NoError(t, config.Validate())
				require.NoError(t, hosts.Check(config, []hosts.Host{h}))
				require.Len(t, config.Rules().Carriers, 2)
			})
		}
	})
	t.Run("a carrier's missing token is an error where carriers are called", func(t *testing.T) {
		t.Setenv("SHIPMENTS_CARRIERS", carrierTable(t, oneCarrier))
		config, err := hosts.LoadConfig()
		require.NoError(t, err)
		require.ErrorContains(t, hosts.Check(config, named(t, "carrier")), "host carrier: TOKEN_OF_ONE is not set")
		others := named(t, "consumer", "orchestrator", "api")
		require.NoError(t, hosts.Check(config, others), "they call no carrier")
		config.ChildWorkflows = "none"
		require.NoError(t, config.Validate())
		require.ErrorContains(t, hosts.Check(config, others), "host orchestrator: TOKEN_OF_ONE is not set", "it calls carriers inline")
	})
}
