package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shipments/events"
	"shipments/shipment"
)

var shipments = flag.Int("shipments", 200, "how many shipments the throughput is measured with")

// TestThroughput compares the pipeline with the least that Temporal can do: a
// signal-with-start of a workflow that ends at once. Both run on the same
// server, and what counts is their ratio in state transitions.
func TestThroughput(t *testing.T) {
	for _, composition := range []string{"none", "all"} {
		t.Run(composition, func(t *testing.T) {
			s := start(t, composition, 0)
			n := *shipments
			if composition == "all" {
				n /= 5
			}
			bare, bareTransitions := s.bare(t, n)
			rate, transitions := s.pipeline(t, n)
			t.Logf("%s: bare %.1f workflows/s, %.1f transitions/s; pipeline %.1f shipments/s, %.1f transitions/s; ratio %.2f",
				composition, bare, bare*bareTransitions, rate, rate*transitions, rate*transitions/(bare*bareTransitions))
		})
	}
}

// bare measures signal-with-starts of an empty workflow, from the first to the
// end of the last one, per second, and what one costs in state transitions.
func (s *system) bare(t *testing.T, n int) (rate, transitions float64) {
	t.Helper()
	const queue = "bare"
	var ended atomic.Int64
	w := worker.New(s.temporal, queue, worker.Options{})
	w.RegisterWorkflowWithOptions(func(workflow.Context) error { ended.Add(1); return nil }, workflow.RegisterOptions{Name: queue})
	require.NoError(t, w.Start())
	defer w.Stop()
	began := time.Now()
	next := make(chan int)
	var starters sync.WaitGroup
	for range 64 {
		starters.Go(func() {
			for i := range next {
				_, err := s.temporal.SignalWithStartWorkflow(t.Context(), fmt.Sprintf("bare-%d", i), "created", "", client.StartWorkflowOptions{
					TaskQueue: queue, WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
				}, queue)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	starters.Wait()
	eventually(t, func() bool { return ended.Load() >= int64(n) }, "all bare workflows end")
	rate = float64(n) / time.Since(began).Seconds()
	eventually(t, func() bool {
		d, err := s.temporal.DescribeWorkflowExecution(t.Context(), "bare-0", "")
		transitions = float64(d.GetWorkflowExecutionInfo().GetStateTransitionCount())
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}, "a bare workflow is closed")
	return rate, transitions
}

// pipeline measures shipments, from the first publication to the last
// completion, per second, and what one costs in state transitions.
func (s *system) pipeline(t *testing.T, n int) (rate, transitions float64) {
	t.Helper()
	publisher := events.NewPublisher(s.js, "http://shipments.test")
	now := time.Now()
	began := time.Now()
	for i := range n {
		id := fmt.Sprintf("cload%05dx", i)
		ev, err := events.NewCreated("e-"+id, "/load", now, shipment.Sample(id, now))
		require.NoError(t, err)
		_, err = publisher.PublishCreated(t.Context(), ev, id)
		require.NoError(t, err)
	}
	eventually(t, func() bool { return s.completed(t) == n }, "all shipments complete")
	rate = float64(n) / time.Since(began).Seconds()
	const sample = 5
	for i := range sample {
		for _, e := range s.executions(t, fmt.Sprintf("cload%05dx", i)) {
			d, err := s.temporal.DescribeWorkflowExecution(t.Context(), e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId())
			require.NoError(t, err)
			transitions += float64(d.GetWorkflowExecutionInfo().GetStateTransitionCount()) / sample
		}
	}
	return rate, transitions
}

// completed counts the shipments that have completed.
func (s *system) completed(t *testing.T) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := s.js.Stream(ctx, events.StreamEvents)
	require.NoError(t, err)
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(events.TypeCompleted+".*"))
	require.NoError(t, err)
	return len(info.State.Subjects)
}
