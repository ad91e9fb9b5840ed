package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/activities/documents"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
	"shipments/workflows"
)

var now = time.Date(2036, 11, 23, 12, 0, 0, 0, time.UTC)

var errBusy = errors.New("busy")

const publicURL = "http://api.test"

// scripted is a carrier whose answers a test may replace, and that remembers
// what it was asked.
type scripted struct {
	carriers.Simulator

	manifest func(carriers.ManifestLegRequest) (carriers.ManifestLegReply, error)
	void     func(carriers.VoidLegRequest) (carriers.VoidLegReply, error)
	book     func(carriers.BookCollectionRequest) (carriers.BookCollectionReply, error)
	cancel   func(carriers.CancelCollectionRequest) (carriers.CancelCollectionReply, error)

	mu    sync.Mutex
	calls []string
}

func (s *scripted) note(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
}

// purposes returns the calls of one purpose.
func (s *scripted) purposes(purpose string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for _, call := range s.calls {
		if strings.HasSuffix(call, "/"+purpose) {
			found = append(found, call)
		}
	}
	return found
}

func (s *scripted) ManifestLeg(ctx context.Context, call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
	s.note(call.IdempotencyKey())
	if s.manifest != nil {
		return s.manifest(call)
	}
	return s.Simulator.ManifestLeg(ctx, call)
}

func (s *scripted) VoidLeg(ctx context.Context, call carriers.VoidLegRequest) (carriers.VoidLegReply, error) {
	s.note(call.IdempotencyKey())
	if s.void != nil {
		return s.void(call)
	}
	return s.Simulator.VoidLeg(ctx, call)
}

func (s *scripted) BookCollection(ctx context.Context, call carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
	s.note(call.IdempotencyKey())
	if s.book != nil {
		return s.book(call)
	}
	return s.Simulator.BookCollection(ctx, call)
}

func (s *scripted) CancelCollection(ctx context.Context, call carriers.CancelCollectionRequest) (carriers.CancelCollectionReply, error) {
	s.note(call.IdempotencyKey())
	if s.cancel != nil {
		return s.cancel(call)
	}
	return s.Simulator.CancelCollection(ctx, call)
}

// bundle is a process in the SDK's test environment, which skips time, with a
// real JetStream.
type bundle struct {
	*eventstest.Server

	env       *testsuite.TestWorkflowEnvironment
	carrier   *scripted
	publisher *streams.Publisher
	settings  workflows.Settings
	metrics   client.MetricsHandler // of newRun, if not nil
}

func setup(t *testing.T, composition string) *bundle {
	t.Helper()
	children, err := workflows.ParseComposition(composition)
	require.NoError(t, err)
	b := &bundle{
		Server:  eventstest.StartProvisioned(t),
		carrier: &scripted{Simulator: carriers.Simulator{Emulation: true}},
		settings: workflows.Settings{
			ChildWorkflows: children, PublicURL: publicURL, CarrierFirstTry: true,
			Rules: shipment.Rules{Emulation: true, Carriers: sample.Carriers(), CollectionDelay: 20 * time.Second},
		},
	}
	require.NoError(t, documents.Provision(t.Context(), b.JS, 1))
	b.publisher = streams.NewPublisher(b.JS, publicURL)
	b.newRun(t)
	return b
}

// newRun makes an environment for one more run of the process.
func (b *bundle) newRun(t *testing.T) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	if b.metrics != nil {
		suite.SetMetricsHandler(b.metrics)
	}
	b.env = suite.NewTestWorkflowEnvironment()
	b.env.SetStartTime(now)
	b.env.SetTestTimeout(30 * time.Second)
	b.env.SetWorkerOptions(workerOptions())
	for _, w := range workflows.Workers() {
		workflows.Register(b.env, w.Queue)
	}
	workflows.Register(b.env, "",
		&activities.Carriers{ByID: map[string]carriers.Client{
			sample.Carriers()[0].ID: b.carrier, sample.Carriers()[1].ID: b.carrier,
		}},
		&activities.Documents{Store: documents.NewStore(b.JS)},
		&activities.Publishing{Publisher: b.publisher, JetStream: b.JS})
}

// workerOptions leave a busy machine time for a workflow task.
func workerOptions(interceptors ...interceptor.WorkerInterceptor) worker.Options {
	return worker.Options{DeadlockDetectionTimeout: 30 * time.Second, Interceptors: interceptors}
}

func created(eventID string, s shipment.Shipment) workflows.CreatedSignal {
	return workflows.CreatedSignal{Event: events.ShipmentCreated{
		SpecVersion: "1.0", Type: events.TypeCreated, ID: eventID, Source: "/team", CorrelationID: "order-7", Data: s,
	}}
}

// run runs the process of a shipment, with signals after the first one.
func (b *bundle) run(t *testing.T, first workflows.CreatedSignal, later ...workflows.CreatedSignal) shipment.Result {
	t.Helper()
	b.env.SetStartWorkflowOptions(client.StartWorkflowOptions{
		ID: shipment.ProcessID(first.Event.Data.ShipmentID), TaskQueue: workflows.QueueOrchestrator,
	})
	b.env.RegisterDelayedCallback(func() { b.env.SignalWorkflow(workflows.SignalCreated, first) }, 0)
	for _, signal := range later {
		b.env.RegisterDelayedCallback(func() { b.env.SignalWorkflow(workflows.SignalCreated, signal) }, time.Second)
	}
	b.env.ExecuteWorkflow(workflows.ShipmentProcess, workflows.ProcessInput{Settings: b.settings})
	require.True(t, b.env.IsWorkflowCompleted())
	require.NoError(t, b.env.GetWorkflowError(), "a business failure is a result")
	var result shipment.Result
	require.NoError(t, b.env.GetWorkflowResult(&result))
	return result
}

// story are the types of a shipment's outcome events in the order of their
// storing, after checking each.
func (b *bundle) story(t *testing.T, id string) []string {
	t.Helper()
	var types []string
	for i, msg := range b.Messages(t, events.StreamEvents, events.StorySubjects(id)) {
		var ev event.Event
		require.NoError(t, json.Unmarshal(msg.Data, &ev))
		require.NoError(t, ev.Validate())
		require.Empty(t, events.ValidateData(ev.Type(), ev.Data()), ev)
		require.Equal(t, "order-7", ev.Extensions()["correlationid"])
		require.Equal(t, "0000000"+string(rune('1'+i)), ev.Extensions()["sequence"])
		require.Equal(t, ev.Type()+"."+id, msg.Subject)
		types = append(types, strings.TrimPrefix(ev.Type(), "shipments."))
	}
	return types
}

// bySequence are the types of a shipment's outcome events by their sequence, after
// checking that no number is missing and none is there twice.
func (b *bundle) bySequence(t *testing.T, id string) []string {
	t.Helper()
	messages := b.Messages(t, events.StreamEvents, events.StorySubjects(id))
	types := make([]string, len(messages))
	for _, msg := range messages {
		var ev event.Event
		require.NoError(t, json.Unmarshal(msg.Data, &ev))
		sequence, err := strconv.Atoi(ev.Extensions()["sequence"].(string))
		require.NoError(t, err)
		require.LessOrEqual(t, sequence, len(types))
		require.Empty(t, types[sequence-1], "%s and %s have the same number", ev.Type(), types[sequence-1])
		types[sequence-1] = strings.TrimPrefix(ev.Type(), "shipments.")
	}
	return types
}

var compositions = []string{"all", "none", "carrier", "manifestation,collection", "category,documents"}

// The shipments of the tests, by what becomes of them.
var (
	international = emulation.NewID(emulation.International, "shipment", emulation.Succeeds)
	rebookable    = emulation.NewID(emulation.International, "shipment", emulation.DeclinesFirstCollection)
)

var (
	manifestationFault = *shipment.NewFault("Carrier manifestation failed", "1.2.3: Manifestation failed")
	bookingFault       = *shipment.NewFault("Carrier collection booking failed", "2.3.4: Collection not possible on the requested day")
)

var (
	successStory  = []string{"accepted", "manifested", "documents-generated", "collection-booked", "completed"}
	rebookedStory = []string{"accepted", "manifested", "documents-generated", "collection-declined", "collection-booked", "completed"}
	bookingStory  = []string{"accepted", "manifested", "documents-generated", "collection-declined", "manifestation-voided", "failed"}
)

// inBoth runs a test with all stages as child workflows, and with none.
func inBoth(t *testing.T, test func(t *testing.T, composition string)) {
	t.Helper()
	inEach(t, []string{"all", "none"}, test)
}

// inEach runs a test in several compositions.
func inEach(t *testing.T, compositions []string, test func(t *testing.T, composition string)) {
	t.Helper()
	for _, composition := range compositions {
		t.Run(composition, func(t *testing.T) {
			t.Parallel()
			test(t, composition)
		})
	}
}
