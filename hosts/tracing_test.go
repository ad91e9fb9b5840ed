package hosts_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/hosts"
	"shipments/hosts/traces/tracestest"
)

const traceID, traceparent = "0af7651916cd43dd8448eb211c80319c", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestRunContinuesTheTraceOfARequest(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	collector := tracestest.Start(t)
	config := load(t, s)
	config.OTLPEndpoint = collector.URL
	require.NoError(t, config.Validate())
	r := run(t, config, "api")
	r.ready(t)
	for id, parent := range map[string]string{"abc": traceparent, "def": "00-xyz", "ghi": ""} {
		request, err := http.NewRequest(http.MethodPost, r.url+"/"+id, nil)
		require.NoError(t, err)
		request.Header.Set("Traceparent", parent)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusAccepted, response.StatusCode)
		stored := s.Messages(t, events.StreamShipments, events.Subject(events.TypeCreated, id))
		require.Len(t, stored, 1)
		if parent == traceparent {
			require.Equal(t, []string{traceparent}, stored[0].Header["traceparent"])
		} else {
			require.Empty(t, stored[0].Header["traceparent"])
		}
	}
	request, err := http.NewRequest(http.MethodGet, r.admin+"/metrics", nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Regexp(t, `http_server_request_duration_seconds_bucket\{.*\} \d+ # \{.*trace_id="`+traceID+`"`, string(text), "an exemplar")
}

func TestRunLogsHostAndVersion(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	r := run(t, load(t, s), "api", "consumer")
	r.first(t, "Serving HTTP")
	r.stop()
	require.NoError(t, r.end(t))
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]bool{}
	for text := range strings.Lines(r.text.String()) {
		require.Equal(t, 1, strings.Count(text, `"host":`), text)
		require.Equal(t, 1, strings.Count(text, `"version":`), text)
		var line struct {
			Host string `json:"host"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		seen[line.Host] = true
	}
	require.Equal(t, map[string]bool{"api,consumer": true, "api": true, "consumer": true}, seen)
}

func TestConfigOfTraces(t *testing.T) {
	t.Parallel()
	valid := func() hosts.Config {
		config, err := hosts.LoadConfig()
		require.NoError(t, err)
		config.OTLPEndpoint = "http://localhost:4318"
		return config
	}
	for variable, change := range map[string]func(*hosts.Config){
		"OTEL_TRACES_EXPORTER":                  func(c *hosts.Config) { c.TracesExporter = "zipkin" },
		"OTEL_EXPORTER_OTLP_ENDPOINT":           func(c *hosts.Config) { c.OTLPEndpoint = "localhost:4318" },
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT":    func(c *hosts.Config) { c.OTLPTracesEndpoint = "localhost" },
		"OTEL_EXPORTER_OTLP_PROTOCOL":           func(c *hosts.Config) { c.OTLPProtocol = "grpc" },
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL":    func(c *hosts.Config) { c.OTLPTracesProtocol = "http/json" },
		"OTEL_TRACES_SAMPLER":                   func(c *hosts.Config) { c.TracesSampler = "sometimes" },
		"OTEL_TRACES_SAMPLER: \"traceidratio\"": func(c *hosts.Config) { c.TracesSampler, c.TracesSamplerArg = "traceidratio", "2" },
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			config := valid()
			require.NoError(t, config.Validate())
			change(&config)
			var wrong *hosts.ConfigError
			require.ErrorAs(t, config.Validate(), &wrong)
			require.Contains(t, wrong.Error(), variable)
			if config.TracesExporter == "" {
				config.OTelDisabled = "true"
				require.NoError(t, config.Validate(), "what is not used is not checked")
			}
		})
	}
}

// TestRunWithoutACollector has hosts run whose collector is away.
func TestRunWithoutACollector(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	config := load(t, s)
	config.TracesExporter, config.OTLPTracesEndpoint = "otlp", "http://127.0.0.1:1/v1/traces"
	require.NoError(t, config.Validate())
	named, err := hosts.Named("api")
	require.NoError(t, err)
	require.NoError(t, hosts.Check(config, named))
	r := run(t, config, "api")
	r.ready(t)
	r.stop()
	require.NoError(t, r.end(t))
}
