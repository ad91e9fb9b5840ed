package metrics

import (
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"

	"shipments/workflows"
)

// latencies gives the SDK's timers boundaries for seconds and for days. Those of
// OpenTelemetry are for milliseconds: all samples would be in the first bucket.
var latencies = sdk.NewView(
	sdk.Instrument{Name: "temporal_*latency*"},
	sdk.Stream{Aggregation: sdk.AggregationExplicitBucketHistogram{Boundaries: []float64{
		.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60, 300, 3600, 86400,
	}}},
)

// stages gives the metric of workflow code boundaries from milliseconds to days, and
// takes away the labels that the SDK adds.
var stages = sdk.NewView(
	sdk.Instrument{Name: workflows.StageDuration},
	sdk.Stream{
		Aggregation: sdk.AggregationExplicitBucketHistogram{Boundaries: []float64{
			.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 86400, 3 * 86400, 7 * 86400,
		}},
		AttributeFilter: attribute.NewAllowKeysFilter("stage", "result"),
	},
)

// Temporal takes the metrics of the Temporal SDK.
func (m *Metrics) Temporal() client.MetricsHandler {
	return opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter:             m.sdkMeter,
		InitialAttributes: attribute.NewSet(),
		OnError:           m.failed,
		// Without it, counters would be gauges without the suffix "_total".
		UseMonotonicCounters: true,
	})
}
