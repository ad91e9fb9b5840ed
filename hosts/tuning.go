package hosts

import (
	"go.temporal.io/sdk/worker"
)

// How the workers are tuned is all here. Measured with all hosts, servers and
// the load on two cores, composition none, three runs each in turns: 60
// shipments per second with the SDK's defaults, 67 with five pollers of
// workflow tasks, 69 with pollers that scale, 68 with all that is below.
const (
	// mostPollers bounds the pollers of a task queue, which the SDK adds and
	// removes by what the server says of the backlog. With the default of two
	// they are what shipments wait for under load; many idle ones would cost the
	// server instead.
	mostPollers = 20
	// workflowTaskSlots bounds the workflow tasks in progress per worker. A task
	// has to end within ten seconds and runs its local activities meanwhile:
	// with the default of 1000 a burst would be begun all at once, and end late.
	workflowTaskSlots = 100
	// stickyCacheSize bounds the processes that an OS process keeps in memory for
	// all its hosts, 127 KB each, so that their next task needs no replay. Those at work are far fewer
	// (the admission of the consumer sees to it); the others wait for days on
	// a timer, and replaying their short history then is cheap. The default of
	// 10,000 would take more than a gigabyte.
	stickyCacheSize = 2000
)

// workerOptions are the options of all workers.
func workerOptions(config Config, fatal func(error)) worker.Options {
	pollers := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{MaximumNumberOfPollers: mostPollers})
	return worker.Options{
		WorkflowTaskPollerBehavior:             pollers,
		ActivityTaskPollerBehavior:             pollers,
		MaxConcurrentWorkflowTaskExecutionSize: workflowTaskSlots,
		// Stopping waits this long for workflow tasks, then for local activities,
		// then for activities.
		WorkerStopTimeout: config.DrainTimeout,
		OnFatalError:      fatal,
		Interceptors:      failpointInterceptors(),
	}
}
