package hosts

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// backlog counts the tasks that wait in the task queues of the process. A queue
// that nobody polls does not count: its tasks wait for a host to be started,
// not for one that is behind. Of a queue with several partitions, the root
// partition is counted.
func (p *process) backlog(ctx context.Context) (int, error) {
	total := 0
	for _, host := range All() {
		if host.Queue == "" {
			continue
		}
		for _, kind := range []enumspb.TaskQueueType{enumspb.TASK_QUEUE_TYPE_WORKFLOW, enumspb.TASK_QUEUE_TYPE_ACTIVITY} {
			described, err := p.temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
				Namespace:     p.config.TemporalNamespace,
				TaskQueue:     &taskqueuepb.TaskQueue{Name: host.Queue, Kind: enumspb.TASK_QUEUE_KIND_NORMAL},
				TaskQueueType: kind,
				// ReportStats is meant to replace this one, but its figures are
				// kept for five seconds: too old to steer by.
				IncludeTaskQueueStatus: true, //nolint:staticcheck // see above
			})
			if err != nil {
				return 0, fmt.Errorf("describe task queue %s: %w", host.Queue, err)
			}
			if len(described.GetPollers()) > 0 {
				total += int(described.GetTaskQueueStatus().GetBacklogCountHint()) //nolint:staticcheck // see above
			}
		}
	}
	return total, nil
}
