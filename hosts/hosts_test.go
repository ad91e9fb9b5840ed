package hosts_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/hosts"
)

func TestEveryHostIsAServiceInCompose(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "compose.yaml"))
	require.NoError(t, err)
	var compose struct {
		Services map[string]struct {
			Command []string `yaml:"command"`
			Image   string   `yaml:"image"`
		} `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal(text, &compose))
	for _, name := range hosts.Names() {
		require.Equal(t, []string{"run", name}, compose.Services[name].Command)
		require.Equal(t, "shipments", compose.Services[name].Image)
	}
	ours := 0
	for _, service := range compose.Services {
		if service.Image == "shipments" {
			ours++
		}
	}
	require.Equal(t, len(hosts.Names()), ours)
}

func TestDocumentsListEveryHostVariableAndReason(t *testing.T) {
	t.Parallel()
	lists := func(document, what string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("..", "docs", document))
		require.NoError(t, err)
		if !strings.Contains(string(text), what) {
			t.Errorf("docs/%s does not list %s", document, what)
		}
	}
	for _, h := range hosts.All() {
		lists("architecture.md", "| `"+h.Name+"` |")
		lists("architecture.md", h.Queue)
	}
	source, err := os.ReadFile("config.go")
	require.NoError(t, err)
	for _, line := range strings.Split(string(source), "\n") {
		if _, rest, found := strings.Cut(line, "`envconfig:\""); found {
			name, _, _ := strings.Cut(rest, `"`)
			lists("configuration.md", "| `"+name+"` |")
		}
	}
	for _, file := range []string{"../events/reasons.go", "../shipment/rules.go"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		codes := 0
		for _, line := range strings.Split(string(source), "\n") {
			name, value, found := strings.Cut(strings.TrimSpace(line), "= \"")
			if found && strings.HasPrefix(name, "Code") {
				lists("events.md", "`"+strings.TrimSuffix(value, `"`)+"`")
				codes++
			}
		}
		require.Positive(t, codes, "there are no codes in %s", file)
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	all, err := hosts.Named()
	require.NoError(t, err)
	require.Len(t, all, 7)
	some, err := hosts.Named("api", "consumer", "api")
	require.NoError(t, err)
	require.Len(t, some, 2)
	_, err = hosts.Named("warehouse")
	require.ErrorContains(t, err, `"warehouse" is no host: use consumer, orchestrator`)
}

func TestAWrongValueIsAnErrorThatNamesItsVariable(t *testing.T) {
	for variable, value := range map[string]string{
		"SHIPMENTS_EMULATION":            "perhaps",
		"SHIPMENTS_COLLECTION_DELAY":     "5",
		"SHIPMENTS_CHILD_WORKFLOWS":      "all,of,them",
		"SHIPMENTS_HTTP_ADDR":            "nowhere",
		"SHIPMENTS_HEALTH_ADDR":          "nowhere",
		"SHIPMENTS_PUBLIC_URL":           "ftp://x",
		"SHIPMENTS_CONSUMER_CONCURRENCY": "0",
		"SHIPMENTS_CONSUMER_IN_FLIGHT":   "-1",
		"SHIPMENTS_MAX_DELIVERIES":       "-1",
		"SHIPMENTS_STREAM_REPLICAS":      "6",
		"SHIPMENTS_DRAIN_TIMEOUT":        "0s",
		"SHIPMENTS_CARRIER_FIRST_TRY":    "2s",
		"SHIPMENTS_LOG_LEVEL":            "loud",
		"SHIPMENTS_LOG_FORMAT":           "xml",
		"SHIPMENTS_CARRIERS":             "/nonexistent",
		"NATS_CREDS":                     "/nonexistent",
		"TEMPORAL_ADDRESS":               "temporal",
		"TEMPORAL_TLS_CLIENT_CERT_PATH":  "/nonexistent",
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, value)
			_, err := hosts.LoadConfig()
			require.ErrorContains(t, err, variable)
		})
	}
}

func TestDefaults(t *testing.T) {
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:43210", config.PublicURL)
	require.False(t, config.Emulation)
	require.Equal(t, 5*time.Second, config.CollectionDelay)
}

// load makes a configuration against a server of the test's, and the listener
// that its HTTP address is bound to. The test, or RunOn, closes it.
func load(t *testing.T, s *eventstest.Server) (hosts.Config, net.Listener) {
	t.Helper()
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	config.NATSURL, config.TemporalAddress = s.ClientURL(), "127.0.0.1:1"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	config.HTTPAddr = listener.Addr().String()
	require.NoError(t, config.Validate())
	return config, listener
}

func get(t *testing.T, url string) int {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

func TestTheAPIRunsWithoutTemporalAndProvisionsTheStreams(t *testing.T) {
	s := eventstest.Start(t)
	config, listener := load(t, s)
	named, err := hosts.Named("api")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- hosts.RunOn(ctx, listener, config, named, zerolog.Nop()) }()
	require.Eventually(t, func() bool { return get(t, "http://"+config.HTTPAddr+"/readyz") == http.StatusOK }, 10*time.Second, 20*time.Millisecond)
	differences, err := streams.Check(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Empty(t, differences)

	require.ErrorContains(t, hosts.Run(t.Context(), config, named, zerolog.Nop()), "address already in use")

	cancel()
	require.NoError(t, <-ended)
}

func TestHostsWaitForTemporalAndStopWhileTheyWait(t *testing.T) {
	s := eventstest.Start(t)
	config, listener := load(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- hosts.RunOn(ctx, listener, config, hosts.All(), zerolog.Nop()) }()
	require.Eventually(t, func() bool { return get(t, "http://"+config.HTTPAddr+"/healthz") == http.StatusOK }, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, http.StatusServiceUnavailable, get(t, "http://"+config.HTTPAddr+"/readyz"))
	cancel()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		t.Fatal("the hosts did not stop")
	}
}

func TestStreamsThatWouldHaveToBeForcedAreAnError(t *testing.T) {
	s := eventstest.Start(t)
	config, listener := load(t, s)
	wrong := streams.Configs(1)[0]
	wrong.Subjects = append(wrong.Subjects, "orders.>")
	_, err := s.JS.CreateStream(t.Context(), wrong)
	require.NoError(t, err)
	named, err := hosts.Named("api")
	require.NoError(t, err)
	require.ErrorContains(t, hosts.RunOn(t.Context(), listener, config, named, zerolog.Nop()), "the streams cannot be used as they are")
}

func TestACarriersTokenThatIsMissingIsToldAtStart(t *testing.T) {
	s := eventstest.Start(t)
	file := filepath.Join(t.TempDir(), "carriers.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
carriers:
  - {id: one, name: One, protocol: http, url: "http://127.0.0.1:1", tokenVariable: TOKEN_OF_ONE, booking: {opens: "08:00", cutOff: "12:00"}}
`), 0o600))
	t.Setenv("SHIPMENTS_CARRIERS", file)
	config, listener := load(t, s)
	named, err := hosts.Named("carrier")
	require.NoError(t, err)
	require.ErrorContains(t, hosts.Check(config, named), "host carrier: TOKEN_OF_ONE is not set")
	require.ErrorContains(t, hosts.RunOn(t.Context(), listener, config, named, zerolog.Nop()), "TOKEN_OF_ONE is not set")
	_, err = listener.Accept()
	require.ErrorIs(t, err, net.ErrClosed, "the listener is closed")

	others, err := hosts.Named("consumer", "orchestrator", "api")
	require.NoError(t, err)
	require.NoError(t, hosts.Check(config, others), "they call no carrier")
	config.ChildWorkflows = "none"
	require.NoError(t, config.Validate())
	require.ErrorContains(t, hosts.Check(config, others), "host orchestrator: TOKEN_OF_ONE is not set", "it calls carriers inline")
}
