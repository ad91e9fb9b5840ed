package traces

import (
	"context"
	"sync"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// tasks holds the spans of local activities until Temporal has accepted the
// workflow task that they ran in. A task that is lost is done again, and its local
// activities with it: their spans would be there twice. It is safe for concurrent
// use.
type tasks struct {
	export func([]sdk.ReadOnlySpan) bool

	mu    sync.Mutex
	open  map[string]openTask   // by task token
	held  map[string]*heldSpans // by run
	swept time.Time
}

// openTask is a workflow task that this process has.
type openTask struct {
	run   string
	since time.Time
}

// heldSpans are the spans of a run's open task.
type heldSpans struct {
	groups [][]sdk.ReadOnlySpan
	since  time.Time
}

// heldFor is how long a task and its spans are kept at most: none lasts as long.
const heldFor = 15 * time.Minute

func newTasks(export func([]sdk.ReadOnlySpan) bool) *tasks {
	return &tasks{export: export, open: map[string]openTask{}, held: map[string]*heldSpans{}, swept: time.Now()}
}

// hold holds the spans of a local activity of a run.
func (t *tasks) hold(run string, spans []sdk.ReadOnlySpan) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.held[run]
	if h == nil {
		h = &heldSpans{since: time.Now()}
		t.held[run] = h
	}
	h.groups = append(h.groups, spans)
}

// intercept follows the workflow tasks of a gRPC client.
func (t *tasks) intercept(ctx context.Context, method string, request, reply any, c *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	switch r := request.(type) {
	case *workflowservice.PollWorkflowTaskQueueRequest:
		err := invoke(ctx, method, request, reply, c, options...)
		if polled, ok := reply.(*workflowservice.PollWorkflowTaskQueueResponse); ok && err == nil {
			t.begun(polled)
		}
		return err
	case *workflowservice.RespondWorkflowTaskCompletedRequest:
		done := t.completing(string(r.GetTaskToken()))
		err := invoke(ctx, method, request, reply, c, options...)
		done(err)
		if completed, ok := reply.(*workflowservice.RespondWorkflowTaskCompletedResponse); ok && err == nil {
			t.begun(completed.GetWorkflowTask())
		}
		return err
	case *workflowservice.RespondWorkflowTaskFailedRequest:
		t.completing(string(r.GetTaskToken()))(status.Error(codes.Aborted, "the task has failed"))
	}
	return invoke(ctx, method, request, reply, c, options...)
}

// begun notes that a task of a run begins. What an earlier one has left is dropped:
// whether Temporal has accepted that is unknown.
func (t *tasks) begun(task *workflowservice.PollWorkflowTaskQueueResponse) {
	if len(task.GetTaskToken()) == 0 {
		return
	}
	run := task.GetWorkflowExecution().GetRunId()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open[string(task.GetTaskToken())] = openTask{run, time.Now()}
	delete(t.held, run)
	t.sweep()
}

// sweep forgets the tasks that were never completed.
func (t *tasks) sweep() {
	if time.Since(t.swept) < heldFor {
		return
	}
	t.swept = time.Now()
	for run, h := range t.held {
		if time.Since(h.since) > heldFor {
			delete(t.held, run)
		}
	}
	for token, task := range t.open {
		if time.Since(task.since) > heldFor {
			delete(t.open, token)
		}
	}
}

// completing takes the spans of a task that is about to be completed. done exports
// them if Temporal accepts that, drops them if it does not, and holds them on if the
// answer is unknown, because the call is made again then.
func (t *tasks) completing(token string) (done func(error)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	run := t.open[token].run
	h := t.held[run]
	delete(t.held, run)
	return func(err error) {
		switch status.Code(err) {
		case codes.OK:
			if h != nil {
				for _, spans := range h.groups {
					t.export(spans)
				}
			}
		case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Internal, codes.Unknown, codes.Canceled:
			if h != nil {
				t.mu.Lock()
				defer t.mu.Unlock()
				if later := t.held[run]; later != nil {
					h.groups = append(h.groups, later.groups...)
				}
				t.held[run] = h
			}
			return
		default:
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, token)
	}
}
