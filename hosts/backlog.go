package hosts

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"

	"shipments/workflows"
)

// backlog counts the tasks that wait for the orchestrator: nearly all are the
// first ones of processes. While no worker polls, they do not count: they wait
// for a host to be started, not for one that is behind. If the task queue has
// several partitions, the tasks of the root partition are counted. Nothing but
// ctx bounds the call.
func (rt *runtime) backlog(ctx context.Context) (int, error) {
	described, err := rt.temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace:     rt.config.TemporalNamespace,
		TaskQueue:     &taskqueuepb.TaskQueue{Name: workflows.QueueOrchestrator, Kind: enumspb.TASK_QUEUE_KIND_NORMAL},
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW,
		// ReportStats is meant to replace this field, but its figures are cached for
		// five seconds, which is too old for an admission.
		IncludeTaskQueueStatus: true, //nolint:staticcheck // see above
	})
	if err != nil {
		return 0, fmt.Errorf("describe task queue %s: %w", workflows.QueueOrchestrator, err)
	}
	if len(described.GetPollers()) == 0 {
		return 0, nil
	}
	return int(described.GetTaskQueueStatus().GetBacklogCountHint()), nil //nolint:staticcheck // see above
}
