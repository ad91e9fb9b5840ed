package hosts

import (
	"context"
	"slices"

	"shipments/activities/carriers"
	"shipments/shipment"
	"shipments/workflows"
)

// CarrierTable is the carrier table of a valid configuration.
func (c *Config) CarrierTable() carriers.Table { return c.carriers }

// Queue is a task queue that workers take tasks from.
type Queue struct {
	Name, Host string
	// Needed: without a worker, processes that start with this configuration stop.
	// Otherwise only those that began with another composition do.
	Needed bool
}

// Queues are the task queues of all worker hosts.
func (c *Config) Queues() []Queue {
	var queues []Queue
	for _, w := range workflows.Workers() {
		isOf := func(stage shipment.Stage) bool { return workflows.Queue(stage) == w.Queue }
		queues = append(queues, Queue{Name: w.Queue, Host: w.Host, Needed: w.Queue == workflows.QueueOrchestrator || slices.ContainsFunc(c.composition, isOf)})
	}
	return queues
}

// ExplainTemporal finds out why Temporal cannot be used, after err.
func ExplainTemporal(ctx context.Context, config Config, err error) Finding {
	finding, _ := findTemporal(ctx, config, err)
	return finding
}
