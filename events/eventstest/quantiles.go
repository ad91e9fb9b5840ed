package eventstest

import (
	"slices"
	"testing"
	"time"
)

// Quantiles measures each call of do, as often as the benchmark says, and reports the
// median and the 99th percentile in milliseconds.
func Quantiles(b *testing.B, do func()) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		do()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
