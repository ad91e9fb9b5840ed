package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/activities"
)

// forever bounds what must be retried until it succeeds: Temporal demands a
// bound for local activities.
const forever = 10 * 365 * 24 * time.Hour

// withCarrierCall are the options of a carrier call. It may take minutes, as
// long as its worker gives signs of life. A carrier that does not answer is
// tried again, less and less often, until the deadline.
func withCarrierCall(ctx workflow.Context, deadline time.Duration, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: deadline,
		StartToCloseTimeout:    carrierAttempt,
		HeartbeatTimeout:       activities.HeartbeatTimeout,
		// A cancelled call must have ended before its effect is undone.
		WaitForCancellation: true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    time.Minute,
		},
		Summary: summary,
	})
}

// carrierAttempt bounds one attempt of a carrier call; the integration's own
// timeout is shorter.
const carrierAttempt = 10 * time.Minute

// withFirstTry are the options of the first attempt of a carrier call. While it
// lasts, the worker tells Temporal every few seconds that its task goes on.
func withFirstTry(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: carrierAttempt,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:             summary,
	})
}

// withPublishing are the options of storing an event. JetStream may be away
// for hours; the event waits for it.
func withPublishing(ctx workflow.Context, summary string) workflow.Context {
	return withLocal(ctx, summary, 10*time.Second)
}

// withDocuments are the options of rendering and storing documents, which has
// to wait for JetStream likewise.
func withDocuments(ctx workflow.Context, summary string) workflow.Context {
	return withLocal(ctx, summary, 30*time.Second)
}

// withLocal are the options of a local activity, each attempt of which has a
// timeout, and which is tried until it succeeds.
func withLocal(ctx workflow.Context, summary string, timeout time.Duration) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    timeout,
		ScheduleToCloseTimeout: forever,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    200 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumInterval:    30 * time.Second,
		},
		Summary: summary,
	})
}

// withChild are the options of a stage that runs as a child workflow.
func withChild(ctx workflow.Context, id, queue, summary string) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:    id,
		TaskQueue:     queue,
		StaticSummary: summary,
		// A cancelled stage undoes what it did, and says so in its result.
		WaitForCancellation: true,
	})
}
