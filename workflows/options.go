package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/activities/carriers"
)

// The timeouts of one attempt of a regular activity.
const (
	publishingTimeout = 10 * time.Second
	documentsTimeout  = time.Minute
)

// withCarrierCall sets the options of a carrier call. It may take minutes, as long
// as its worker sends heartbeats. A carrier that gives no answer is tried again,
// less and less often, until the deadline; see [activities.CarrierScheduleToClose].
//
// Every error of the activity sets the delay until the next attempt (NextRetryDelay),
// which the server caps at MaximumInterval: at most [carriers.MaxRetryAfter].
// InitialInterval applies only when no error arrives, because the worker died.
func withCarrierCall(ctx workflow.Context, deadline time.Duration, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: activities.CarrierScheduleToClose(deadline),
		StartToCloseTimeout:    activities.CarrierTimeout,
		HeartbeatTimeout:       activities.HeartbeatTimeout,
		// A cancelled call must have ended before its effect is undone.
		WaitForCancellation: true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    5 * time.Second,
			BackoffCoefficient: 1,
			MaximumInterval:    carriers.MaxRetryAfter,
		},
		Summary: summary,
	})
}

// withFirstTry sets the options of the first attempt of a carrier call. If it
// takes longer than a workflow task may, the worker heartbeats the task.
func withFirstTry(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: activities.CarrierTimeout,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:             summary,
	})
}

// withLocalAttempts sets the options of an activity that is tried for a few
// seconds within the workflow task.
//
// All attempts and the intervals between them have to end before 80 % of the workflow
// task's timeout (8 of 10 s). After that the worker heartbeats the task, which
// adds events to the history, as does each retry that is due after the task's end. The
// timeout bounds slow attempts. MaximumAttempts bounds fast ones, also where the clocks
// of worker and server differ.
func withLocalAttempts(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: 4 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    200 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumAttempts:    5,
		},
		Summary: summary,
	})
}

// withServerRetries sets the options of an activity that the server retries until it
// succeeds, whose retries add no event to the history. When ctx is cancelled, the
// workflow does not wait for the activity to end.
func withServerRetries(ctx workflow.Context, summary string, timeout time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: timeout,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    30 * time.Second,
		},
		Summary: summary,
	})
}

// withChild sets the options of a stage that runs as a child workflow.
func withChild(ctx workflow.Context, id, queue, summary string) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:    id,
		TaskQueue:     queue,
		StaticSummary: summary,
		// A cancelled stage undoes what it did, and its result says so.
		WaitForCancellation: true,
	})
}
