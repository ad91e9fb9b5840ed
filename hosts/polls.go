package hosts

import (
	"cmp"
	"context"
	"sync"
	"time"

	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
)

// acceptedAfter is the time after which a poll counts as accepted: a server that
// refuses polls answers sooner, and one that has no task leaves them open for a
// minute.
const acceptedAfter = time.Second

// polls follows how Temporal answers the polls of the workers, by task queue. It
// is safe for concurrent use.
type polls struct {
	mu     sync.Mutex
	queues map[string]*queuePolls
}

// queuePolls are the polls of one task queue.
type queuePolls struct {
	open map[*openPoll]struct{}
	// answered says that a poll has been answered.
	answered bool
	// failing is the error since polls have failed; lastFailed is of the last one.
	failing    loopError
	lastFailed time.Time
}

type openPoll struct {
	began time.Time
	conn  *grpc.ClientConn
}

// polledQueue is the name of the task queue that a request polls; empty if it is
// no poll. A sticky queue has the name of the queue that it belongs to.
func polledQueue(request any) string {
	var queue *taskqueuepb.TaskQueue
	switch r := request.(type) {
	case *workflowservice.PollWorkflowTaskQueueRequest:
		queue = r.GetTaskQueue()
	case *workflowservice.PollActivityTaskQueueRequest:
		queue = r.GetTaskQueue()
	}
	return cmp.Or(queue.GetNormalName(), queue.GetName())
}

// intercept follows the polls of a gRPC client.
func (p *polls) intercept(ctx context.Context, method string, request, reply any, c *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	queue := polledQueue(request)
	if queue == "" {
		return invoke(ctx, method, request, reply, c, options...)
	}
	this := &openPoll{began: time.Now(), conn: c}
	p.begin(queue, this)
	err := invoke(ctx, method, request, reply, c, options...)
	p.end(queue, this, err)
	return err
}

func (p *polls) begin(queue string, this *openPoll) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.queues == nil {
		p.queues = map[string]*queuePolls{}
	}
	q := p.queues[queue]
	if q == nil {
		q = &queuePolls{open: map[*openPoll]struct{}{}}
		p.queues[queue] = q
	}
	q.open[this] = struct{}{}
}

func (p *polls) end(queue string, this *openPoll, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queues[queue]
	delete(q.open, this)
	accepted := q.accepted()
	switch {
	case err == nil:
		q.answered, q.failing = true, loopError{}
	case status.Code(err) == codes.Canceled: // The worker stops.
	default:
		now := time.Now()
		if q.failing.why == "" || accepted {
			q.failing.since = now
		}
		q.lastFailed = now
		q.failing.why = "Temporal does not answer polls: " + status.Convert(err).Message()
	}
}

// lastError is why a queue's polls are not answered, if so.
func (p *polls) lastError(queue string) loopError {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queues[queue]
	switch {
	case q != nil && q.accepted():
		return loopError{}
	case q == nil || (!q.answered && q.failing.why == ""):
		return loopError{why: "no poll has been answered yet"}
	case !q.answered:
		return loopError{why: q.failing.why}
	}
	return q.failing
}

// accepted reports whether Temporal holds a poll open that began after the last
// failure. That counts as an answer.
func (q *queuePolls) accepted() bool {
	for o := range q.open {
		if o.began.After(q.lastFailed) && time.Since(o.began) > acceptedAfter && o.conn.GetState() == connectivity.Ready {
			q.answered = true
			return true
		}
	}
	return false
}
