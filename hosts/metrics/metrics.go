package metrics

import (
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
)

// Metrics are the metrics of one process.
type Metrics struct {
	registry *prometheus.Registry
	meter    metric.Meter
	sdkMeter metric.Meter // for the Temporal SDK
	activity *activityInstruments
	consumer *consumerInstruments
	requests metric.Float64Histogram
	failed   func(error)
}

// Boundaries of histograms, in seconds.
var (
	// fast is for what takes milliseconds: storing an event, a request.
	fast = []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}
	// slow is for what may take minutes: a carrier call, the age of an input.
	slow = []float64{.005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 86400}
)

// New makes the metrics of a process. failed gets errors of the Temporal SDK's
// metrics, which nobody else could handle.
func New(failed func(error)) (*Metrics, error) {
	m := &Metrics{registry: prometheus.NewRegistry(), failed: failed}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reader, err := exporter.New(
		exporter.WithRegisterer(m.registry),
		// Without it, the names would depend on a variable of the whole process and on
		// what a scraper asks for.
		exporter.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes),
		exporter.WithoutScopeInfo(),
		exporter.WithoutTargetInfo(),
	)
	if err != nil {
		return nil, fmt.Errorf("make the Prometheus exporter: %w", err)
	}
	provider := sdk.NewMeterProvider(sdk.WithReader(reader), sdk.WithView(latencies, stages))
	m.meter, m.sdkMeter = provider.Meter("shipments"), provider.Meter("temporal-sdk-go")
	var makers maker
	m.activity = newActivityInstruments(&makers, m.meter)
	m.consumer = newConsumerInstruments(&makers, m.meter)
	m.requests = makers.histogram(m.meter, "http.server.request.duration", "Time that requests of the API took, by route.", fast)
	return m, makers.err
}

// Handler serves the metrics, as OpenMetrics to a client that asks for it.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, EnableOpenMetrics: true})
}

// Gatherer reads the metrics without HTTP.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// maker makes instruments and keeps the first error.
type maker struct{ err error }

func (k *maker) note(err error) {
	if k.err == nil && err != nil {
		k.err = fmt.Errorf("make an instrument: %w", err)
	}
}

func (k *maker) counter(m metric.Meter, name, unit, description string) metric.Int64Counter {
	c, err := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	k.note(err)
	return c
}

// histogram makes a histogram of seconds.
func (k *maker) histogram(m metric.Meter, name, description string, boundaries []float64) metric.Float64Histogram {
	h, err := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(boundaries...))
	k.note(err)
	return h
}

// labels makes a set of labels of pairs of names and values.
func labels(pairs ...string) metric.MeasurementOption {
	all := make([]attribute.KeyValue, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, attribute.String(pairs[i], pairs[i+1]))
	}
	return metric.WithAttributeSet(attribute.NewSet(all...))
}
