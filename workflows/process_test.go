package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/activities/documents"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
	"shipments/workflows"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

var errBusy = errors.New("busy")

const publicURL = "http://api.test"

// scripted is a carrier whose answers a test may replace, and that remembers
// what it was asked.
type scripted struct {
	carriers.Simulator

	manifest func(carriers.ManifestLegRequest) (carriers.ManifestLegReply, error)
	void     func(carriers.VoidLegRequest) (carriers.VoidLegReply, error)
	book     func(carriers.BookCollectionRequest) (carriers.BookCollectionReply, error)

	mu    sync.Mutex
	calls []string
}

func (s *scripted) note(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
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
	b.env = suite.NewTestWorkflowEnvironment()
	b.env.SetStartTime(now)
	b.env.SetTestTimeout(30 * time.Second)
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

var compositions = []string{"all", "none", "carrier", "manifestation,collection", "category,documents"}

func TestEveryCategoryEndsTheSameInEveryComposition(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status shipment.Status
		story  []string
		legs   int
		fault  shipment.Fault
	}{
		"15916b8a5d11456f9934ed91c2bd82c0": {status: shipment.Success, legs: 1},
		"20b17abb2efe4fafaf74f173dc864240": {status: shipment.Success, legs: 2},
		"c7de2c4added47de8d24564d7ade3e20": {status: shipment.Success, legs: 2},
		"15916b8a5d11456f9934ed91c2bd82c1": {status: shipment.Failed, fault: manifestationFault, story: []string{"accepted", "failed"}},
		"20b17abb2efe4fafaf74f173dc864241": {status: shipment.Failed, fault: manifestationFault, story: []string{"accepted", "failed"}},
		"c7de2c4added47de8d24564d7ade3e21": {status: shipment.Failed, fault: manifestationFault, story: []string{"accepted", "failed"}},
		"15916b8a5d11456f9934ed91c2bd82c2": {status: shipment.Failed, fault: bookingFault, story: []string{"accepted", "manifested", "documents-generated", "failed"}},
		"20b17abb2efe4fafaf74f173dc864242": {status: shipment.Failed, fault: bookingFault, story: []string{"accepted", "manifested", "documents-generated", "failed"}},
		"c7de2c4added47de8d24564d7ade3e22": {status: shipment.Failed, fault: bookingFault, story: []string{"accepted", "manifested", "documents-generated", "failed"}},
	}
	for id, test := range tests {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			var outcomes []shipment.Result
			for _, composition := range compositions {
				b := setup(t, composition)
				result := b.run(t, created("e-1", sample.Shipment(id, now)))
				require.Equal(t, test.status, result.Status, composition)
				story := test.story
				if test.status == shipment.Success {
					story = []string{"accepted", "manifested", "documents-generated", "collection-booked", "completed"}
					require.Len(t, result.Outcome.ManifestedLegs, test.legs)
				} else {
					require.Equal(t, []shipment.Fault{test.fault}, result.Failure.Faults)
				}
				require.Equal(t, story, b.story(t, id), composition)
				status, err := streams.ReadStatus(t.Context(), b.JS, id)
				require.NoError(t, err)
				require.Equal(t, result, status, "the status is what the workflow returned")
				outcomes = append(outcomes, result)
			}
			for _, outcome := range outcomes {
				require.Equal(t, outcomes[0], outcome, "the outcome does not depend on the composition")
			}
		})
	}
}

var (
	manifestationFault = *shipment.NewFault("Carrier manifestation failed", "1.2.3: Manifestation failed")
	bookingFault       = *shipment.NewFault("Carrier collection booking failed", "2.3.4: Collection not possible on the requested day")
)

func TestTheInvoiceIsHandedOverWithPaperlessTradeAlone(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"1": "", "2": publicURL + "/shipment-documents/2_pt_invoice", "3": "",
	} {
		b := setup(t, "none")
		var mu sync.Mutex
		var handed []string
		b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
			mu.Lock()
			defer mu.Unlock()
			handed = append(handed, call.InvoiceURL)
			return carriers.ManifestLegReply{TrackingNumbers: []string{"1"}}, nil
		}
		// The ids "1" and "2" end like failing ones; this carrier accepts them.
		b.carrier.Emulation = false
		result := b.run(t, created("e-1", sample.Shipment(id, now)))
		require.Equal(t, shipment.Success, result.Status)
		for _, url := range handed {
			require.Equal(t, want, url)
		}
	}
}

func TestACollectionThatCannotBeBookedFailsBeforeManifestation(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	b.settings.Rules = shipment.Rules{Carriers: sample.Carriers()}
	s := sample.Shipment(international, now)
	s.CollectionDate = "2026-11-23" // today; the cut-off was at noon in Berlin
	result := b.run(t, created("e-1", s))
	require.Equal(t, []shipment.Fault{*shipment.NewFault("Shipment cannot be scheduled for collection booking", "3.4.5: Missed booking cut-off time")}, result.Failure.Faults)
	require.Equal(t, []string{"accepted", "failed"}, b.story(t, international))
	require.Empty(t, b.carrier.calls)
}

func TestWithoutEmulationTheTimerFollowsTheBookingWindow(t *testing.T) {
	t.Parallel()
	b := setup(t, "none")
	b.settings.Rules = shipment.Rules{Carriers: sample.Carriers()}
	result := b.run(t, created("e-1", sample.Shipment(international, now)))
	require.Equal(t, shipment.Success, result.Status)
	require.Equal(t, "2026-11-23T17:00:00Z", b.env.Now().UTC().Truncate(time.Minute).Format(time.RFC3339), "18:00 in Berlin")
}

func TestAnInvalidShipmentThatArrivesAnotherWayFails(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	s := sample.Shipment(international, now)
	s.Legs[0].CarrierID = "nobody"
	result := b.run(t, created("e-1", s))
	require.Equal(t, shipment.Failed, result.Status)
	require.Contains(t, result.Failure.Faults[0].Errors[0], shipment.CodeUnknownCarrier)
	require.Equal(t, []string{"accepted", "failed"}, b.story(t, international))
}

func TestATechnicalFaultIsRetriedUntilTheCarrierIsBack(t *testing.T) {
	t.Parallel()
	b := setup(t, "none")
	attempts := 0
	b.carrier.Emulation = false
	b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
		if attempts++; attempts < 10 { // the test environment's own limit
			return carriers.ManifestLegReply{}, errors.New("no answer")
		}
		return carriers.ManifestLegReply{TrackingNumbers: []string{"1"}}, nil
	}
	result := b.run(t, created("e-1", sample.Shipment("1", now)))
	require.Equal(t, shipment.Success, result.Status)
	require.Equal(t, 10, attempts)
}

func TestRepeatsWhileRunningAreIgnored(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	s := sample.Shipment(international, now)
	result := b.run(t, created("e-1", s), created("e-1", s), created("e-2", s), created("e-1", s))
	require.Equal(t, shipment.Success, result.Status)
	require.Equal(t, []string{"accepted", "manifested", "documents-generated", "collection-booked", "completed"}, b.story(t, international))
	require.Empty(t, b.Rejections(t))
}

func TestConflictsWhileRunningAreRejectedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	s := sample.Shipment(international, now)
	other := sample.Shipment(international, now)
	other.Packages[0].WeightGrams++
	ev, err := events.NewCreated("e-2", "/team", now, other)
	require.NoError(t, err)
	sequence, err := b.publisher.PublishCreated(t.Context(), ev, international)
	require.NoError(t, err)
	conflict := created("e-2", other)
	conflict.StreamSequence = sequence

	unpublished := created("e-3", other)
	result := b.run(t, created("e-1", s), conflict, conflict, unpublished)
	require.Equal(t, shipment.Success, result.Status)
	rejections := b.Rejections(t)
	require.Len(t, rejections, 2)
	slices.SortFunc(rejections, func(a, b streams.StoredRejection) int {
		return int(b.Input.StreamSequence) - int(a.Input.StreamSequence)
	})
	require.Equal(t, events.CodeConflict, rejections[0].Reasons[0].Code)
	require.Equal(t, sequence, rejections[0].Input.StreamSequence)
	require.Equal(t, "shipments.created."+international, rejections[0].Input.Subject)
	require.Contains(t, rejections[0].Reasons[0].Message, "e-1")
	require.Contains(t, string(rejections[1].Input.Data), "e-3", "an event that was never in the stream is kept too")
}

func TestARunThatFindsAnotherRunsLedgerEntryHasNoEffect(t *testing.T) {
	t.Parallel()
	heavier := sample.Shipment(international, now)
	heavier.Packages[0].WeightGrams++
	tests := map[string]struct {
		again    workflows.CreatedSignal
		status   shipment.Status
		rejected int
	}{
		"same event":    {created("e-1", sample.Shipment(international, now)), shipment.Duplicate, 0},
		"same content":  {created("e-2", sample.Shipment(international, now)), shipment.Duplicate, 0},
		"other content": {created("e-3", heavier), shipment.Rejected, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, "all")
			_, err := b.publisher.PublishOnce(t.Context(), events.Outcome{ // by a run that Temporal has forgotten
				Lineage: events.Lineage{ShipmentID: international, RunID: "forgotten", CausationID: "e-1", CorrelationID: "order-7"},
				Type:    events.TypeAccepted, Sequence: 1, Time: now,
				Data: events.Accepted{
					ShipmentID: international, Category: shipment.International, WorkflowID: "w", RunID: "forgotten",
					Trigger: events.EventRef{ID: "e-1", Source: "/team"}, ContentDigest: sample.Shipment(international, now).Digest(),
				},
			})
			require.NoError(t, err)
			result := b.run(t, test.again)
			require.Equal(t, test.status, result.Status)
			require.Equal(t, []string{"accepted"}, b.story(t, international))
			require.Empty(t, b.carrier.calls)
			require.Len(t, b.Rejections(t), test.rejected)
		})
	}
}

func TestASignalForAnotherShipmentDoesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, "none")
	b.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: shipment.ProcessID(international)})
	b.env.RegisterDelayedCallback(func() {
		b.env.SignalWorkflow(workflows.SignalCreated, created("e-1", sample.Shipment("c4", now)))
	}, 0)
	b.env.ExecuteWorkflow(workflows.ShipmentProcess, workflows.ProcessInput{Settings: b.settings})
	require.ErrorContains(t, b.env.GetWorkflowError(), "c4")
	require.Empty(t, b.story(t, "c4"))
}

func TestWorkflowIDsOfTwoShipmentsNeverMeet(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, shipment.ProcessID("a-manifestation"), shipment.ProcessID("a")+".manifestation")
	require.False(t, shipment.ValidID("a.manifestation"))
}

func TestACarrierCallBecomesAnActivityOnlyWhenItFailsAtFirst(t *testing.T) {
	t.Parallel()
	for _, composition := range []string{"all", "none"} {
		t.Run(composition, func(t *testing.T) {
			t.Parallel()
			b := setup(t, composition)
			var attempts atomic.Int64
			b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
				if call.Leg == 1 && attempts.Add(1) == 1 {
					return carriers.ManifestLegReply{}, errors.New("no answer")
				}
				return carriers.ManifestLegReply{TrackingNumbers: []string{"1"}}, nil
			}
			var names []string
			b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
				names = append(names, info.ActivityType.Name)
			})
			result := b.run(t, created("e-1", sample.Shipment(international, now)))
			require.Equal(t, shipment.Success, result.Status)
			require.Equal(t, []string{"ManifestLeg"}, names, "leg 2 and the booking were answered at once")
			require.EqualValues(t, 2, attempts.Load())
		})
	}
}
