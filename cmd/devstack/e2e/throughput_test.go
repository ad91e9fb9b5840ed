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
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shipments/cmd/devstack/stack"
	"shipments/events"
	"shipments/hosts"
	"shipments/shipment"
	"shipments/workflows"
)

var shipments = flag.Int("shipments", 200, "how many shipments the throughput is measured with")

// TestThroughput compares the pipeline with the least that Temporal can do: a
// signal-with-start of a workflow that ends at once. Both run on the same
// server, in turn. The ratio in state transitions says how well Temporal is
// kept busy; that in shipments says more where a shipment was made to cost fewer
// transitions, as with carrier calls that are tried as local activities first.
func TestThroughput(t *testing.T) {
	for _, test := range []struct {
		composition, firstTry string
		shipments             int
	}{
		{"none", "true", *shipments},
		{"none", "false", *shipments},
		{"all", "true", *shipments / 5},
		{"all", "false", *shipments / 5},
	} {
		t.Run(test.composition+", first try "+test.firstTry, func(t *testing.T) {
			t.Setenv("SHIPMENTS_CARRIER_FIRST_TRY", test.firstTry)
			s := start(t, test.composition, 0)
			bare, bareTransitions := s.bare(t, test.shipments)
			rate, transitions := s.pipeline(t, test.shipments)
			t.Logf("bare %.1f workflows/s, %.1f transitions/s; pipeline %.1f shipments/s with %.1f transitions each, %.1f transitions/s; ratio %.2f in transitions, %.2f in shipments",
				bare, bare*bareTransitions, rate, transitions, rate*transitions, rate*transitions/(bare*bareTransitions), rate/bare)
		})
	}
}

// TestIngest compares the consumer (pull, decode, signal-with-start, confirmed
// acknowledgement) with the signal-with-starts alone, of the same events on the
// same server. No worker runs.
func TestIngest(t *testing.T) {
	consumerOnly, err := hosts.Named("consumer")
	require.NoError(t, err)
	s := startWith(t, "none", 0, stack.Options{Hosts: consumerOnly})
	eventually(t, func() bool {
		_, err := s.js.Consumer(t.Context(), events.StreamShipments, events.ConsumerName)
		return err == nil
	}, "the consumer is there")
	now := time.Now()
	rules := shipment.Rules{Emulation: true}
	signal := func(id string) workflows.Created {
		ev, err := events.NewCreated("e-"+id, "/load", now, shipment.Sample(id, now))
		require.NoError(t, err)
		created, reasons := events.Created(ev, events.TypeCreated, rules)
		require.Empty(t, reasons)
		return workflows.Created{Event: created}
	}
	// In turns, so that both see the same machine. A start is done when Temporal
	// has nothing left to do for it: what it puts off takes the same processors.
	var bare, ingest time.Duration
	const rounds = 10
	for round := range rounds {
		bare += timed(func() {
			inParallel(*shipments, func(i int) {
				created := signal(fmt.Sprintf("cbare%d-%05dx", round, i))
				options := workflows.StartOptions(created, shipment.International)
				input := workflows.ProcessInput{Settings: workflows.Settings{Rules: rules.For(created.Event.Data)}}
				_, err := s.temporal.SignalWithStartWorkflow(t.Context(), options.ID, workflows.SignalCreated, created, options, workflows.ShipmentProcess, input)
				if err != nil {
					t.Error(err)
				}
			})
			s.visible(t, (2*round+1)**shipments)
		})
		// What is ingested is there before it begins: publishing is not measured.
		durable, err := s.js.PauseConsumer(t.Context(), events.StreamShipments, events.ConsumerName, now.Add(time.Hour))
		require.NoError(t, err)
		require.True(t, durable.Paused)
		publisher := events.NewPublisher(s.js, "http://shipments.test")
		inParallel(*shipments, func(i int) {
			id := fmt.Sprintf("cingest%d-%05dx", round, i)
			ev, err := events.NewCreated("e-"+id, "/load", now, shipment.Sample(id, now))
			if err == nil {
				_, err = publisher.PublishCreated(t.Context(), ev, id)
			}
			if err != nil {
				t.Error(err)
			}
		})
		_, err = s.js.ResumeConsumer(t.Context(), events.StreamShipments, events.ConsumerName)
		require.NoError(t, err)
		eventually(t, func() bool {
			info, err := s.js.Consumer(t.Context(), events.StreamShipments, events.ConsumerName)
			return err == nil && info.CachedInfo().Delivered.Stream > uint64(round**shipments)
		}, "the consumer begins")
		ingest += timed(func() {
			s.drained(t)
			s.visible(t, (2*round+2)**shipments)
		})
	}
	n := float64(rounds * *shipments)
	t.Logf("bare signal-with-start %.0f/s, ingest %.0f/s, ratio %.2f", n/bare.Seconds(), n/ingest.Seconds(), bare.Seconds()/ingest.Seconds())
}

// visible waits until Temporal lists so many executions, which it does last.
func (s *system) visible(t *testing.T, executions int) {
	t.Helper()
	eventually(t, func() bool {
		count, err := s.temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Namespace: stack.Namespace})
		return err == nil && count.GetCount() >= int64(executions)
	}, "%d executions are visible", executions)
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

// inParallel does n things, as many at once as the consumer does.
func inParallel(n int, do func(i int)) {
	next := make(chan int)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
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
	inParallel(n, func(i int) {
		_, err := s.temporal.SignalWithStartWorkflow(t.Context(), fmt.Sprintf("bare-%d", i), "created", "", client.StartWorkflowOptions{
			TaskQueue: queue, WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		}, queue)
		if err != nil {
			t.Error(err)
		}
	})
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
	completed := s.watchCompletions(t)
	began := time.Now()
	s.publishAll(t, n)
	eventually(t, func() bool { return completed.Load() == int64(n) }, "all shipments complete")
	rate = float64(n) / time.Since(began).Seconds()
	const sample = 5
	for i := range sample {
		for _, e := range s.executions(t, burstID(i)) {
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
