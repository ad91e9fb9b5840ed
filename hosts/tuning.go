package hosts

import (
	"slices"

	"go.temporal.io/sdk/worker"
)

// How the workers are tuned. The limits were measured with the servers and the
// load on the same machine.
const (
	// maxPollers bounds the pollers of a task queue. The SDK adds and removes them
	// by what the server reports of the backlog. With the SDK's default of two,
	// shipments wait for a poller under load; many idle ones are work for the
	// server.
	maxPollers = 20
	// workflowTaskSlots bounds the workflow tasks in progress per worker. A task
	// has to end within ten seconds, its local activities included: with the
	// SDK's default of 1000, a burst would be begun all at once and end too late.
	workflowTaskSlots = 100
	// stickyCacheSize bounds the processes, of some 130 KB each, that an OS process
	// keeps in memory for all its hosts, so that their next task needs no replay.
	// The consumer's admission keeps those at work far below it. The others wait
	// for days on a timer, and replaying their short history is cheap then. The
	// SDK's default of 10,000 would take more than a gigabyte.
	stickyCacheSize = 2000
)

// workerOptions are the options of all workers.
func workerOptions(rt *runtime, fatal func(error)) worker.Options {
	interceptors := slices.Concat(rt.traces.WorkerInterceptors(), failpointInterceptors())
	if rt.measured() {
		interceptors = append(interceptors, rt.metrics.Activities(rt.carrierIDs()))
	}
	pollers := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{MaximumNumberOfPollers: maxPollers})
	return worker.Options{
		WorkflowTaskPollerBehavior:             pollers,
		ActivityTaskPollerBehavior:             pollers,
		MaxConcurrentWorkflowTaskExecutionSize: workflowTaskSlots,
		// Stopping waits this long for workflow tasks, then as long for local
		// activities, then for activities.
		WorkerStopTimeout: rt.config.DrainTimeout,
		OnFatalError:      fatal,
		Interceptors:      interceptors,
	}
}
