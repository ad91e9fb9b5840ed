package e2e_test

import (
	"flag"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"shipments/cmd/devstack/stack"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment/sample"
)

var burst = flag.Int("burst", 400, "how many shipments are published at once")

// TestBurst publishes far more than the system can process at once. What has not
// begun waits in JetStream, what has begun ends soon, nothing times out, and the
// backlog is processed at the steady rate. -burst 10000 takes longer.
//
// Where other programs take the processors, tasks time out for that reason: the test
// fails if they do in each of three rounds.
func TestBurst(t *testing.T) {
	const rounds = 3
	for _, composition := range []string{"none", "all"} {
		t.Run(composition, func(t *testing.T) {
			n := *burst
			if composition == "all" {
				n /= 8 // Such a shipment costs several times as much.
			}
			var timeouts []string
			for round := range rounds {
				t.Run(fmt.Sprintf("round %d", round+1), func(t *testing.T) { timeouts = burstOf(t, composition, n) })
				if len(timeouts) == 0 {
					return
				}
				t.Logf("%d tasks timed out: %v", len(timeouts), timeouts)
			}
			require.Empty(t, timeouts)
		})
	}
}

// burstOf publishes n shipments at once, and returns which tasks timed out.
func burstOf(t *testing.T, composition string, n int) (timeouts []string) {
	t.Helper()
	s := start(t, composition, 0)
	completed := s.watchCompletions(t)
	began := time.Now()
	s.publishAll(t, 0, n)
	marks := map[int]time.Duration{} // when a tenth and nine tenths were done, and all
	for _, mark := range []int{n / 10, n - n/10, n} {
		eventuallyWithin(t, time.Hour, func() bool { return completed.Load() >= int64(mark) }, "%d shipments complete", mark)
		marks[mark] = time.Since(began)
	}
	steady := float64(n-2*(n/10)) / (marks[n-n/10] - marks[n/10]).Seconds()
	s.listed(t, n, processes+closed)
	durations := s.processDurations(t)
	require.Len(t, durations, n)
	t.Logf("%s: %d at once, done after %.1f s, %.1f per second steadily: drained in %.2f of the time that takes; from start to end in Temporal: p50 %v, p99 %v, max %v",
		composition, n, marks[n].Seconds(), steady, marks[n].Seconds()*steady/float64(n), durations[n/2], durations[n*99/100], durations[n-1])
	return s.timeouts(t, n)
}

func burstID(i int) string { return succeeds("burst%06d", i) }

// publishAll publishes n shipments, numbered from first on, as fast as JetStream
// takes them.
func (s *system) publishAll(t testing.TB, first, n int) {
	t.Helper()
	publisher := streams.NewPublisher(s.js, "http://shipments.test")
	now := time.Now()
	inParallel(upTo(n), func(i int) {
		id := burstID(first + i)
		ev, err := events.NewCreated("e-"+id, "/burst", now, sample.Shipment(id, now))
		if err == nil {
			_, err = publisher.PublishCreated(t.Context(), ev, id)
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// watchCompletions counts the shipments that complete from now on.
func (s *system) watchCompletions(t testing.TB) *atomic.Int64 {
	t.Helper()
	var completed atomic.Int64
	sub, err := s.js.Conn().Subscribe(events.TypeCompleted+".*", func(*nats.Msg) { completed.Add(1) })
	require.NoError(t, err)
	require.NoError(t, s.js.Conn().Flush())
	t.Cleanup(func() { _ = sub.Unsubscribe() })
	return &completed
}

const processes = "WorkflowType = 'ShipmentProcess'"

// processDurations lists how long the processes took, in ascending order.
func (s *system) processDurations(t testing.TB) []time.Duration {
	t.Helper()
	var durations []time.Duration
	s.eachExecution(t, processes, func(e *workflowpb.WorkflowExecutionInfo) {
		durations = append(durations, e.GetCloseTime().AsTime().Sub(e.GetStartTime().AsTime()))
	})
	slices.Sort(durations)
	return durations
}

func (s *system) eachExecution(t testing.TB, query string, each func(*workflowpb.WorkflowExecutionInfo)) {
	t.Helper()
	request := &workflowservice.ListWorkflowExecutionsRequest{Namespace: stack.Namespace, Query: query, PageSize: 1000}
	for {
		page, err := s.temporal.ListWorkflow(t.Context(), request)
		require.NoError(t, err)
		for _, e := range page.GetExecutions() {
			each(e)
		}
		request.NextPageToken = page.GetNextPageToken()
		if len(page.GetNextPageToken()) == 0 {
			return
		}
	}
}

// timeouts are the tasks that timed out, or failed, in the histories of a sample of n
// shipments.
func (s *system) timeouts(t testing.TB, n int) (found []string) {
	t.Helper()
	const sample = 100
	timedOut := []enumspb.EventType{
		enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED,
		enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
	}
	for i := 0; i < n; i += max(1, n/sample) {
		for _, e := range s.executions(t, burstID(i)) {
			history := s.temporal.GetWorkflowHistory(t.Context(), e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for history.HasNext() {
				event, err := history.Next()
				require.NoError(t, err)
				if slices.Contains(timedOut, event.GetEventType()) {
					found = append(found, fmt.Sprintf("%s: %v", e.GetExecution().GetWorkflowId(), event))
				}
			}
		}
	}
	return found
}
