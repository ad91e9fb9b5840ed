//go:build failpoints

package hosts

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"

	"shipments/consumer"
)

// failpointVariable names the line at which the process is to be killed, and
// at which pass of it:
//
//	before-temporal@3  before the third event is given to Temporal
//	after-temporal@3   after Temporal has taken the third event on, before it is acknowledged
//	after-Publish@3    after the third activity Publish (or Claim, …) succeeded, before that is recorded
const failpointVariable = "SHIPMENTS_FAILPOINT"

var passes atomic.Int64

// pass kills the process if this line is where it has to die.
func pass(line string) {
	name, at, _ := strings.Cut(os.Getenv(failpointVariable), "@")
	if name != line {
		return
	}
	if n, err := strconv.ParseInt(at, 10, 64); err != nil || passes.Add(1) != n {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // Nothing more happens here.
}

func failpointVariables() []string { return []string{failpointVariable} }

// withFailpoints adds the failpoints around an event's way to Temporal.
func withFailpoints(temporal consumer.Temporal) consumer.Temporal { return failingTemporal{temporal} }

type failingTemporal struct{ consumer.Temporal }

func (f failingTemporal) SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any,
	options client.StartWorkflowOptions, workflow any, workflowArgs ...any,
) (client.WorkflowRun, error) {
	pass("before-temporal")
	run, err := f.Temporal.SignalWithStartWorkflow(ctx, workflowID, signalName, signalArg, options, workflow, workflowArgs...)
	if err == nil {
		pass("after-temporal")
	}
	return run, err
}

// failpointInterceptors add the failpoints after activities.
func failpointInterceptors() []interceptor.WorkerInterceptor {
	return []interceptor.WorkerInterceptor{&failingWorker{}}
}

type failingWorker struct {
	interceptor.WorkerInterceptorBase
}

func (*failingWorker) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &failingActivity{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type failingActivity struct {
	interceptor.ActivityInboundInterceptorBase
}

func (f *failingActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	result, err := f.Next.ExecuteActivity(ctx, in)
	if err == nil {
		pass("after-" + activity.GetInfo(ctx).ActivityType.Name)
	}
	return result, err
}
