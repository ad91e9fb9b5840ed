package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"sync"
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
	"shipments/consumer"
	"shipments/events"
	"shipments/events/streams"
	"shipments/hosts"
	"shipments/shipment"
	"shipments/shipment/sample"
	"shipments/workflows"
)

var (
	shipments = flag.Int("shipments", 200, "how many shipments the throughput is measured with")
	costs     = flag.Bool("cost", false, "compare the throughput with metrics, traces, guards, live pages with that without: minutes on an idle machine")
)

// onlyForCost skips a comparison that a busy machine makes worthless.
func onlyForCost(t *testing.T) {
	t.Helper()
	if !*costs {
		t.Skip("the flag -cost is not set")
	}
}

// collectionDelay is how long a shipment waits for its collection while
// throughput is measured. The durable timer costs the same for a tenth of a second
// as for days.
const collectionDelay = 100 * time.Millisecond

// TestThroughput compares the pipeline with the yardstick: signal-with-starts of a
// workflow that ends at once, the least that Temporal can do.
//
//   - The two run in turns, each on a server of its own with the dev stack's
//     defaults: both meet the same conditions of the machine.
//   - They run for the same time. A server defers work (the timeout of a workflow
//     task is checked 10 seconds later, a store is compacted when it has grown),
//     and a short run would end before that work.
//   - Both have the same number in flight. A backlog would be more work for Temporal.
//
// The ratio in state transitions is that of how busy Temporal is. The ratio in
// shipments is better where a shipment costs fewer transitions, as with carrier
// calls whose first attempt is a local activity.
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
			var bare, pipeline throughput
			rounds := max(1, *shipments/2000)
			for round := range rounds {
				measure := func(what string, total *throughput, do func(s *system, t testing.TB) throughput) {
					t.Run(fmt.Sprintf("%s, round %d", what, round+1), func(t *testing.T) {
						total.add(do(startWith(t, test.composition, collectionDelay, stack.Options{Dir: t.TempDir()}), t))
					})
				}
				const warmUp = 50
				before := pipeline.took
				measure("pipeline", &pipeline, func(s *system, t testing.TB) throughput {
					s.pipeline(t, 0, warmUp)
					return s.pipeline(t, warmUp, test.shipments/rounds)
				})
				measure("bare", &bare, func(s *system, t testing.TB) throughput {
					bare := s.startBare(t)
					bare.run(t, 0, upTo(warmUp))
					return bare.run(t, warmUp, lasting(pipeline.took-before))
				})
			}
			t.Logf("bare: %v", &bare)
			t.Logf("pipeline: %v", &pipeline)
			t.Logf("ratio %.2f in transitions, %.2f in executions started from outside", pipeline.transitions()/bare.transitions(), pipeline.rate()/bare.rate())
		})
	}
}

// throughput is a measurement of workflows or of shipments.
type throughput struct {
	n    int
	took time.Duration // from the first start to the last end
	cpu  time.Duration // processor time of the whole stack
	each float64       // state transitions of one of them
}

// throughputOf measures do, which returns how many workflows or shipments it has
// processed.
func throughputOf(t testing.TB, do func() (n int)) throughput {
	t.Helper()
	var n int
	before := cpu(t)
	took := timed(func() { n = do() })
	return throughput{n: n, took: took, cpu: cpu(t) - before}
}

// add adds another round of the same.
func (m *throughput) add(other throughput) {
	m.n, m.took, m.cpu, m.each = m.n+other.n, m.took+other.took, m.cpu+other.cpu, other.each
}

func (m *throughput) rate() float64        { return float64(m.n) / m.took.Seconds() }
func (m *throughput) transitions() float64 { return m.rate() * m.each }
func (m *throughput) cpuMs() float64       { return 1000 * m.cpu.Seconds() / float64(m.n) }

func (m *throughput) String() string {
	return fmt.Sprintf("%.1f per second, %.1f transitions each, %.1f transitions per second, %.1f ms of the processors each",
		m.rate(), m.each, m.transitions(), m.cpuMs())
}

// TestIngest compares the consumer (pull, decode, signal-with-start, confirmed
// acknowledgement) with the signal-with-starts alone, of the same events on the
// same server. No worker runs.
func TestIngest(t *testing.T) {
	consumerOnly, err := hosts.Named("consumer")
	require.NoError(t, err)
	s := startWith(t, "none", 0, stack.Options{Hosts: consumerOnly})
	eventually(t, func() bool {
		_, err := s.js.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
		return err == nil
	}, "the consumer is there")
	// The two run in turns, so that both meet the same conditions of the machine. A
	// start counts as done when Temporal has listed its execution: what Temporal
	// defers takes the same processors.
	var bare, ingest, bareCPU, ingestCPU time.Duration
	const rounds = 10
	for round := range rounds {
		signals := sampleSignals(t, fmt.Sprintf("bare%d", round), *shipments)
		before := cpu(t)
		bare += timed(func() {
			inParallel(upTo(*shipments), func(i int) { s.signalWithStart(t, signals[i]) })
			s.listed(t, (2*round+1)**shipments, "")
		})
		bareCPU += cpu(t) - before

		s.publishPaused(t, fmt.Sprintf("ingest%d", round), *shipments)
		eventually(t, func() bool {
			info, err := s.js.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
			return err == nil && info.CachedInfo().Delivered.Stream > uint64(round**shipments)
		}, "the consumer begins")
		before = cpu(t)
		ingest += timed(func() {
			s.drained(t) // Polling Temporal meanwhile would take a tenth of the processors' time.
			s.listed(t, (2*round+2)**shipments, "")
		})
		ingestCPU += cpu(t) - before
	}
	n := rounds * *shipments
	t.Logf("bare signal-with-start %.0f/s, ingest %.0f/s, ratio %.3f; %.2f and %.2f ms of the processors each, ratio %.3f",
		float64(n)/bare.Seconds(), float64(n)/ingest.Seconds(), bare.Seconds()/ingest.Seconds(),
		1000*bareCPU.Seconds()/float64(n), 1000*ingestCPU.Seconds()/float64(n), bareCPU.Seconds()/ingestCPU.Seconds())
}

// sampleSignals makes the signals with which n shipments are started.
func sampleSignals(t testing.TB, prefix string, n int) []workflows.CreatedSignal {
	t.Helper()
	now := time.Now()
	signals := make([]workflows.CreatedSignal, n)
	for i := range signals {
		id := succeeds("%s-%05d", prefix, i)
		ev, err := events.NewCreated("e-"+id, "/load", now, sample.Shipment(id, now))
		require.NoError(t, err)
		created, reasons := events.ParseCreated(ev, events.TypeCreated, shipment.Rules{Emulation: true, Carriers: sample.Carriers()})
		require.Empty(t, reasons)
		signals[i] = workflows.CreatedSignal{Event: created}
	}
	return signals
}

// signalWithStart does what the consumer does with a decoded event.
func (s *system) signalWithStart(t testing.TB, created workflows.CreatedSignal) {
	t.Helper()
	rules := shipment.Rules{Emulation: true, Carriers: sample.Carriers()}
	options := consumer.StartOptions(created, shipment.International)
	input := workflows.ProcessInput{Settings: workflows.Settings{Rules: rules.For(created.Event.Data)}}
	_, err := s.temporal.SignalWithStartWorkflow(t.Context(), options.ID, workflows.SignalCreated, created, options, workflows.ShipmentProcess, input)
	if err != nil {
		t.Error(err)
	}
}

// publishPaused publishes n-1 events while the durable consumer is paused, and the
// last one when it is resumed: with that message the server resumes deliveries.
func (s *system) publishPaused(t testing.TB, prefix string, n int) {
	t.Helper()
	now := time.Now()
	publisher := streams.NewPublisher(s.js, "http://shipments.test")
	publish := func(i int) {
		id := succeeds("%s-%05d", prefix, i)
		ev, err := events.NewCreated("e-"+id, "/load", now, sample.Shipment(id, now))
		if err == nil {
			_, err = publisher.PublishCreated(t.Context(), ev, id)
		}
		if err != nil {
			t.Error(err)
		}
	}
	durable, err := s.js.PauseConsumer(t.Context(), events.StreamShipments, streams.ConsumerName, now.Add(time.Hour))
	require.NoError(t, err)
	require.True(t, durable.Paused)
	inParallel(upTo(n-1), publish)
	_, err = s.js.ResumeConsumer(t.Context(), events.StreamShipments, streams.ConsumerName)
	require.NoError(t, err)
	publish(n - 1)
}

// listed waits until Temporal lists that many executions that meet a condition. The
// list is the last thing that Temporal updates.
func (s *system) listed(t testing.TB, executions int, condition string) {
	t.Helper()
	eventually(t, func() bool {
		count, err := s.temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Namespace: stack.Namespace, Query: condition})
		return err == nil && count.GetCount() >= int64(executions)
	}, "%d executions are listed (%s)", executions, condition)
}

// closed is added to a condition to select the executions that have completed.
const closed = " AND ExecutionStatus = 'Completed'"

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

// inParallel calls do with 0, 1, 2 … as long as more returns true, and returns the
// number of calls. 64 run at once, as in the consumer.
func inParallel(more func(i int) bool, do func(i int)) int {
	next := make(chan int)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	n := 0
	for ; more(n); n++ {
		next <- n
	}
	close(next)
	all.Wait()
	return n
}

func upTo(n int) (more func(i int) bool) {
	return func(i int) bool { return i < n }
}

// lasting allows as many calls as begin within d from now on.
func lasting(d time.Duration) (more func(i int) bool) {
	end := time.Now().Add(d)
	return func(int) bool { return time.Now().Before(end) }
}

// bare is the yardstick: a workflow that ends at once, and its worker.
type bare struct {
	*system

	inFlight chan struct{} // holds one value per workflow in flight; its capacity is the consumer's limit
}

const bareQueue = "bare"

func (s *system) startBare(t testing.TB) *bare {
	t.Helper()
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	b := &bare{system: s, inFlight: make(chan struct{}, config.InFlight)}
	w := worker.New(s.temporal, bareQueue, worker.Options{ // as the hosts' workers
		WorkflowTaskPollerBehavior: worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{MaximumNumberOfPollers: 20}),
	})
	w.RegisterWorkflowWithOptions(b.workflow, workflow.RegisterOptions{Name: bareQueue})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return b
}

func (b *bare) workflow(workflow.Context) error {
	select {
	case <-b.inFlight:
	default: // This is a replay.
	}
	return nil
}

// run measures signal-with-starts of the workflow, numbered from first on, until
// Temporal lists them as completed.
func (b *bare) run(t testing.TB, first int, more func(i int) bool) throughput {
	t.Helper()
	measured := throughputOf(t, func() int {
		n := inParallel(more, func(i int) {
			b.inFlight <- struct{}{}
			_, err := b.temporal.SignalWithStartWorkflow(t.Context(), fmt.Sprintf("bare-%d", first+i), "created", "", client.StartWorkflowOptions{
				TaskQueue: bareQueue, WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
			}, bareQueue)
			if err != nil {
				t.Error(err)
			}
		})
		b.listed(t, first+n, "WorkflowType = '"+bareQueue+"'"+closed)
		return n
	})
	const sample = 5
	for i := range sample {
		d, err := b.temporal.DescribeWorkflowExecution(t.Context(), fmt.Sprintf("bare-%d", first+i), "")
		require.NoError(t, err)
		measured.each += float64(d.GetWorkflowExecutionInfo().GetStateTransitionCount()) / sample
	}
	return measured
}

// pipeline measures n shipments, numbered from first on, from their publication
// until Temporal lists them as completed.
func (s *system) pipeline(t testing.TB, first, n int) throughput {
	t.Helper()
	completed := s.watchCompletions(t)
	measured := throughputOf(t, func() int {
		s.publishAll(t, first, n)
		eventuallyWithin(t, time.Hour, func() bool { return completed.Load() == int64(n) }, "all shipments complete")
		s.listed(t, first+n, processes+closed)
		return n
	})
	const sample = 5
	for i := range sample {
		for _, e := range s.executions(t, burstID(first+i)) {
			d, err := s.temporal.DescribeWorkflowExecution(t.Context(), e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId())
			require.NoError(t, err)
			measured.each += float64(d.GetWorkflowExecutionInfo().GetStateTransitionCount()) / sample
		}
	}
	return measured
}

// completed counts the shipments that have completed.
func (s *system) completed(t testing.TB) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := s.js.Stream(ctx, events.StreamEvents)
	require.NoError(t, err)
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(events.TypeCompleted+".*"))
	require.NoError(t, err)
	return len(info.State.Subjects)
}
