package hosts

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"

	"shipments/workflows"
)

// waiting counts the tasks that wait for the orchestrator: nearly all are the
// first ones of processes. While nobody polls them they do not count: they wait
// for a host to be started, not for one that is behind. If the task queue has
// several partitions, those of its root are counted.
func (p *process) waiting(ctx context.Context) (int, error) {
	described, err := p.temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace:     p.config.TemporalNamespace,
		TaskQueue:     &taskqueuepb.TaskQueue{Name: workflows.QueueOrchestrator, Kind: enumspb.TASK_QUEUE_KIND_NORMAL},
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW,
		// ReportStats is meant to replace this one, but its figures are kept for
		// five seconds: too old to steer by.
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
