package metrics

import (
	"context"

	"go.opentelemetry.io/otel/metric"
)

// FollowNeeds measures, whenever the metrics are read, what the hosts warn of. queues
// are the task queues that processes need workers on. Warnings have a count for each
// subject, which may be 0.
func (m *Metrics) FollowNeeds(queues []string, warnings func() map[string]int) error {
	var k maker
	gauge := func(name, description string) metric.Int64ObservableGauge {
		g, err := m.meter.Int64ObservableGauge(name, metric.WithDescription(description))
		k.note(err)
		return g
	}
	needed := gauge("shipments.task_queue_needed", "1 for each task queue that processes need workers on.")
	warning := gauge("shipments.warnings", "Warnings of readiness, by subject.")
	if k.err != nil {
		return k.err
	}
	_, err := m.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, queue := range queues {
			o.ObserveInt64(needed, 1, labels("task_queue", queue))
		}
		for subject, n := range warnings() {
			o.ObserveInt64(warning, int64(n), labels("subject", subject))
		}
		return nil
	}, needed, warning)
	return err
}
