package hosts

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"shipments/events"
	"shipments/hosts/traces"
)

// The values of OTEL_TRACES_EXPORTER, and the protocol of OTEL_EXPORTER_OTLP_PROTOCOL.
const (
	exporterOTLP     = "otlp"
	exporterNone     = "none"
	protocolProtobuf = "http/protobuf"
)

// defaultCollector is where the OpenTelemetry specification has a collector.
const defaultCollector = "http://localhost:4318"

// tracesEndpoint is the URL that traces are posted to; empty if none are made.
func (c *Config) tracesEndpoint() string {
	base := c.OTLPEndpoint
	switch {
	case strings.EqualFold(c.OTelDisabled, "true"), c.TracesExporter == exporterNone:
		return ""
	case c.OTLPTracesEndpoint != "":
		return c.OTLPTracesEndpoint
	case base == "" && c.TracesExporter == "":
		return ""
	case base == "":
		base = defaultCollector
	}
	return strings.TrimSuffix(base, "/") + "/v1/traces"
}

// checkTracing checks the variables of OpenTelemetry. What no trace is made with is
// not checked: other programs read it too.
func (c *Config) checkTracing(check func(ok bool, variable, format string, args ...any)) {
	switch c.TracesExporter {
	case "", exporterOTLP, exporterNone:
	default:
		check(false, "OTEL_TRACES_EXPORTER", "%q is not otlp or none", c.TracesExporter)
		return
	}
	if c.tracesEndpoint() == "" {
		return
	}
	for variable, text := range map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.OTLPEndpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.OTLPTracesEndpoint} {
		u, err := url.Parse(text)
		check(text == "" || (err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")), variable, "it is not an http(s) URL")
	}
	protocol, variable := c.OTLPTracesProtocol, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	if protocol == "" {
		protocol, variable = c.OTLPProtocol, "OTEL_EXPORTER_OTLP_PROTOCOL"
	}
	check(protocol == "" || protocol == protocolProtobuf, variable, "%q is not %s, the only protocol that traces are sent with", protocol, protocolProtobuf)
	_, err := traces.Sampler(c.TracesSampler, c.TracesSamplerArg)
	check(err == nil, "OTEL_TRACES_SAMPLER", "%q: %v", c.TracesSampler, err)
}

// trace makes the traces of the process, if they are to be sent anywhere.
func (rt *runtime) trace() error {
	endpoint := rt.config.tracesEndpoint()
	if endpoint == "" {
		return nil
	}
	sampler, err := traces.Sampler(rt.config.TracesSampler, rt.config.TracesSamplerArg)
	if err != nil {
		return &ConfigError{fmt.Errorf("OTEL_TRACES_SAMPLER: %w", err)}
	}
	log := rt.log.With().Str("component", "traces").Logger()
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn().Err(err).Msg("Traces were not taken as they were sent") }))
	rt.traces, err = traces.New(context.Background(), traces.Settings{
		Endpoint: endpoint, Sampler: sampler, Version: rt.about.Version, Hosts: rt.about.Hosts, Log: log,
	})
	return err
}

// continueTrace has the requests of a handler continue the trace that they are part
// of: what they publish does.
func continueTrace(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if parent, state := events.HeaderTraceContext(r.Header); parent != "" {
			carried := propagation.MapCarrier{"traceparent": parent, "tracestate": state}
			r = r.WithContext(propagation.TraceContext{}.Extract(r.Context(), carried))
		}
		next.ServeHTTP(w, r)
	})
}

// closeTraces sends the spans that wait.
func (rt *runtime) closeTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), rt.config.DrainTimeout)
	defer cancel()
	if err := rt.traces.Close(ctx); err != nil {
		rt.log.Warn().Err(err).Msg("The last traces could not be sent")
	}
}
