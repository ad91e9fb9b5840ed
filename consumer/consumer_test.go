package consumer_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"shipments/consumer"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
	"shipments/workflows"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// fakeTemporal is a Temporal that answers what the test says.
type fakeTemporal struct {
	start    func(created workflows.CreatedSignal, options client.StartWorkflowOptions, in workflows.ProcessInput) error
	describe func(workflowID string) (*commonpb.Memo, error)
	signal   func(request workflows.RequestSignal) error
	history  func(workflowID string) ([]*historypb.HistoryEvent, error)
}

func (f *fakeTemporal) SignalWorkflow(_ context.Context, _, _, _ string, arg any) error {
	return f.signal(arg.(workflows.RequestSignal))
}

func (f *fakeTemporal) SignalWithStartWorkflow(_ context.Context, _, _ string, signal any,
	options client.StartWorkflowOptions, _ any, args ...any,
) (client.WorkflowRun, error) {
	return nil, f.start(signal.(workflows.CreatedSignal), options, args[0].(workflows.ProcessInput))
}

func (f *fakeTemporal) DescribeWorkflowExecution(_ context.Context, workflowID, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	memo, err := f.describe(workflowID)
	return &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Memo: memo},
	}, err
}

func (f *fakeTemporal) GetWorkflowHistory(_ context.Context, workflowID, _ string, _ bool, _ enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	events, err := f.history(workflowID)
	return &fakeHistory{events, err}
}

type fakeHistory struct {
	events []*historypb.HistoryEvent
	err    error
}

func (f *fakeHistory) HasNext() bool { return len(f.events) > 0 || f.err != nil }

func (f *fakeHistory) Next() (*historypb.HistoryEvent, error) {
	if f.err != nil {
		return nil, f.err
	}
	next := f.events[0]
	f.events = f.events[1:]
	return next, nil
}

// bundle is a running consumer on a server of its own.
type bundle struct {
	*eventstest.Server

	publisher *streams.Publisher
	consumer  *consumer.Consumer
	stop      func() error

	mu       sync.Mutex
	started  []workflows.CreatedSignal
	prepared atomic.Int64
	errors   atomic.Int64 // what was logged as an error, such as a panic
}

func setup(t *testing.T, temporal *fakeTemporal, change ...func(*consumer.Config)) *bundle {
	t.Helper()
	return setupWith(t, temporal, nil, change...)
}

// setupWith is setup with dependencies that the test changes.
func setupWith(t *testing.T, temporal *fakeTemporal, changed func(*consumer.Dependencies), change ...func(*consumer.Config)) *bundle {
	t.Helper()
	b := &bundle{Server: eventstest.StartProvisioned(t)}
	b.publisher = streams.NewPublisher(b.JS, "http://api.test")
	if temporal.start == nil {
		temporal.start = func(c workflows.CreatedSignal, _ client.StartWorkflowOptions, _ workflows.ProcessInput) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.started = append(b.started, c)
			return nil
		}
	}
	config := consumer.Config{
		Concurrency:  4,
		DrainTimeout: 5 * time.Second,
		EarlyWait:    8 * time.Second, // two deliveries
		Settings:     workflows.Settings{Rules: shipment.Rules{Emulation: true, Carriers: sample.Carriers()}},
	}
	for _, set := range change {
		set(&config)
	}
	dependencies := b.dependencies(t, temporal)
	if changed != nil {
		changed(&dependencies)
	}
	c := consumer.New(config, dependencies)
	b.consumer = c
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	b.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		require.NoError(t, b.stop())
		require.Zero(t, b.errors.Load(), "errors were logged")
	})
	return b
}

func (b *bundle) dependencies(t *testing.T, temporal *fakeTemporal) consumer.Dependencies {
	log := zerolog.New(zerolog.NewTestWriter(t)).Hook(zerolog.HookFunc(func(_ *zerolog.Event, level zerolog.Level, _ string) {
		if level >= zerolog.ErrorLevel {
			b.errors.Add(1)
		}
	}))
	return consumer.Dependencies{
		JetStream: b.JS, Publisher: b.publisher, Temporal: temporal, Log: log,
		ProvisionStreams: func(ctx context.Context) error {
			_, err := streams.Provision(ctx, b.JS, 1)
			return err
		},
		PrepareTemporal: func(context.Context) error {
			b.prepared.Add(1)
			return nil
		},
	}
}

// publish publishes a sample shipment with an event id of the test's choice.
func (b *bundle) publish(t *testing.T, eventID, shipmentID string, change ...func(*shipment.Shipment)) {
	t.Helper()
	s := sample.Shipment(shipmentID, now)
	for _, c := range change {
		c(&s)
	}
	ev, err := events.NewCreated(eventID, "/team", now, s)
	require.NoError(t, err)
	_, err = b.publisher.PublishCreated(t.Context(), ev, shipmentID)
	require.NoError(t, err)
}

// settled waits until every message has been settled.
func (b *bundle) settled(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		c, err := b.JS.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
		if err != nil {
			return false
		}
		stream, err := b.JS.Stream(t.Context(), events.StreamShipments)
		if err != nil {
			return false
		}
		// The pending count lags behind the stream; the acknowledged sequence does not.
		return c.CachedInfo().NumAckPending == 0 && c.CachedInfo().AckFloor.Stream == stream.CachedInfo().State.LastSeq
	}, time.Minute, 10*time.Millisecond, "messages are left")
}

func TestConsumerStartsAProcessAndAcks(t *testing.T) {
	t.Parallel()
	var options client.StartWorkflowOptions
	var input workflows.ProcessInput
	var signal workflows.CreatedSignal
	b := setup(t, &fakeTemporal{start: func(c workflows.CreatedSignal, o client.StartWorkflowOptions, in workflows.ProcessInput) error {
		signal, options, input = c, o, in
		return nil
	}})
	b.publish(t, "e-1", "c1")
	b.settled(t)
	require.Empty(t, b.Rejections(t))
	require.Equal(t, "shipment.c1", options.ID)
	require.Equal(t, uint64(1), signal.StreamSequence)
	require.Equal(t, sample.Shipment("c1", now), signal.Event.Data)
	require.Equal(t, map[string]any{
		"triggerId": "e-1", "triggerSource": "/team", "contentDigest": sample.Shipment("c1", now).Digest(), "streamSequence": uint64(1),
	}, options.Memo)
	require.Len(t, input.Settings.Rules.Carriers, 2, "the carriers of the shipment travel with it")
}

func TestConsumerRejectsInvalidEventsAndGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{})
	for _, body := range []string{"not json", `{"id":"1"}`, "\xff"} {
		_, err := b.JS.Publish(t.Context(), "shipments.created", []byte(body))
		require.NoError(t, err)
	}
	b.publish(t, "e-1", "c1", func(s *shipment.Shipment) { s.Legs[0].CarrierID = "nobody" })
	_, err := b.JS.Publish(t.Context(), "shipments.created.c2", []byte("not json"))
	require.NoError(t, err)
	b.publish(t, "e-2", "c3")
	b.settled(t)

	codes := map[uint64]string{}
	ids := map[uint64]string{}
	for _, r := range b.Rejections(t) {
		codes[r.Input.StreamSequence], ids[r.Input.StreamSequence] = r.Reasons[0].Code, r.ShipmentID
	}
	require.Equal(t, map[uint64]string{
		1: events.CodeInvalidJSON, 2: events.CodeMissingAttribute, 3: events.CodeInvalidUTF8,
		4: shipment.CodeUnknownCarrier, 5: events.CodeInvalidJSON,
	}, codes)
	require.Equal(t, map[uint64]string{1: "", 2: "", 3: "", 4: "c1", 5: "c2"}, ids)
	require.Len(t, b.started, 1)
}

func memoOf(t *testing.T, eventID string, s shipment.Shipment) *commonpb.Memo {
	t.Helper()
	memo := &commonpb.Memo{Fields: map[string]*commonpb.Payload{}}
	for name, value := range map[string]string{"triggerId": eventID, "triggerSource": "/team", "contentDigest": s.Digest()} {
		payload, err := converter.GetDefaultDataConverter().ToPayload(value)
		require.NoError(t, err)
		memo.Fields[name] = payload
	}
	return memo
}

func TestConsumerComparesAnEventWithAnEndedProcess(t *testing.T) {
	t.Parallel()
	heavier := func(s *shipment.Shipment) { s.Packages[0].WeightGrams++ }
	original := sample.Shipment("c1", now)
	tests := map[string]struct {
		eventID  string
		change   []func(*shipment.Shipment)
		memo     string // the event that the last run was started by
		ledger   bool   // the original is in the ledger
		rejected string
	}{
		"the same event":                              {eventID: "e-1", memo: "e-1", ledger: true},
		"another event with the same content":         {eventID: "e-2", memo: "e-1", ledger: true},
		"other content":                               {eventID: "e-2", memo: "e-1", ledger: true, change: []func(*shipment.Shipment){heavier}, rejected: events.CodeConflict},
		"the same id with other content":              {eventID: "e-1", memo: "e-1", ledger: true, change: []func(*shipment.Shipment){heavier}, rejected: events.CodeConflict},
		"the original after a conflicting second run": {eventID: "e-1", memo: "conflicting", ledger: true},
		"the conflicting event, rejected by its run":  {eventID: "e-9", memo: "conflicting", ledger: true, change: []func(*shipment.Shipment){heavier}},
		"a run that was ended before it began":        {eventID: "e-1", memo: "e-1", rejected: events.CodeProcessEnded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			memo := memoOf(t, test.memo, original)
			if test.memo == "conflicting" {
				other := sample.Shipment("c1", now)
				heavier(&other)
				memo = memoOf(t, "e-9", other)
			}
			b := setup(t, &fakeTemporal{
				start: func(workflows.CreatedSignal, client.StartWorkflowOptions, workflows.ProcessInput) error {
					return serviceerror.NewWorkflowExecutionAlreadyStarted("closed", "", "")
				},
				describe: func(string) (*commonpb.Memo, error) { return memo, nil },
			})
			if test.ledger {
				_, err := b.publisher.PublishOnce(t.Context(), events.Outcome{
					Lineage: events.Lineage{ShipmentID: "c1", RunID: "r", CausationID: "e-1", CorrelationID: "e-1"}, Type: events.TypeAccepted, Sequence: 1, Time: now,
					Data: events.Accepted{ShipmentID: "c1", Trigger: events.EventRef{ID: "e-1", Source: "/team"}, ContentDigest: original.Digest()},
				})
				require.NoError(t, err)
			}
			b.publish(t, test.eventID, "c1", test.change...)
			b.settled(t)
			rejections := b.Rejections(t)
			if test.rejected == "" {
				require.Empty(t, rejections)
				return
			}
			require.Len(t, rejections, 1)
			require.Equal(t, test.rejected, rejections[0].Reasons[0].Code)
			require.Equal(t, "c1", rejections[0].ShipmentID)
		})
	}
}

func TestConsumerHoldsMessagesWhileTemporalIsUnavailable(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	calls, away := 0, true
	done := map[string]int{}
	b := setup(t, &fakeTemporal{start: func(c workflows.CreatedSignal, _ client.StartWorkflowOptions, _ workflows.ProcessInput) error {
		mu.Lock()
		defer mu.Unlock()
		calls++
		if away {
			return serviceerror.NewUnavailable("away")
		}
		done[c.Event.Data.ShipmentID]++
		return nil
	}})
	for _, id := range []string{"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"} {
		b.publish(t, "e-"+id, id)
	}
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return calls >= 12
	}, 20*time.Second, 5*time.Millisecond)
	var info *jetstream.ConsumerInfo
	require.Eventually(t, func() bool { // Pulling may pause before the last one: one more comes every maxBackoff then.
		c, err := b.JS.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
		require.NoError(t, err)
		info = c.CachedInfo()
		require.LessOrEqual(t, info.NumAckPending, 4, "no more is pulled than can be held")
		return info.NumAckPending == 4
	}, time.Minute, 5*time.Millisecond)
	require.Equal(t, uint64(0), info.AckFloor.Stream)
	require.Empty(t, b.Rejections(t))

	mu.Lock()
	away = false
	mu.Unlock()
	b.settled(t)
	require.Len(t, done, 8)
	for id, n := range done {
		require.Equal(t, 1, n, id)
	}
	require.Empty(t, b.Rejections(t))
}

func TestConsumerNaksHeldMessagesWhenItStops(t *testing.T) {
	t.Parallel()
	called := make(chan struct{}, 100)
	b := setup(t, &fakeTemporal{start: func(workflows.CreatedSignal, client.StartWorkflowOptions, workflows.ProcessInput) error {
		called <- struct{}{}
		return errors.New("away")
	}})
	b.publish(t, "e-1", "c1")
	<-called
	began := time.Now()
	require.NoError(t, b.stop())
	require.Less(t, time.Since(began), 4*time.Second)
	c, err := b.JS.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
	require.NoError(t, err)
	require.Equal(t, uint64(0), c.CachedInfo().AckFloor.Stream, "it was not acknowledged")
	require.Empty(t, b.Rejections(t))
}

func TestConsumerRetriesWhileTheNamespaceIsMisconfigured(t *testing.T) {
	t.Parallel()
	var b *bundle
	var taken atomic.Int64
	b = setup(t, &fakeTemporal{start: func(workflows.CreatedSignal, client.StartWorkflowOptions, workflows.ProcessInput) error {
		if b.prepared.Load() == 0 {
			return serviceerror.NewInvalidArgument("no mapping defined for search attribute")
		}
		taken.Add(1)
		return nil
	}})
	b.publish(t, "e-1", "c1")
	require.Eventually(t, func() bool { return taken.Load() == 1 }, 10*time.Second, 10*time.Millisecond)
	b.settled(t)
	require.Empty(t, b.Rejections(t))
}

func TestPullerTakesAMessageThatLooksLikeAStatus(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{})
	for _, status := range []string{"100", "404", "408", "409", "503"} {
		msg := nats.NewMsg("shipments.created")
		msg.Header.Set("Status", status)
		_, err := b.JS.PublishMsg(t.Context(), msg)
		require.NoError(t, err)
	}
	b.publish(t, "e-1", "c1")
	b.settled(t)
	require.Len(t, b.Rejections(t), 5)
	require.Len(t, b.started, 1)
}

func TestConsumerRecreatesADeletedDurable(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{})
	b.publish(t, "e-1", "c1")
	b.settled(t)
	require.NoError(t, b.JS.DeleteConsumer(t.Context(), events.StreamShipments, streams.ConsumerName))
	b.publish(t, "e-2", "c2")
	ids := func() []string {
		b.mu.Lock()
		defer b.mu.Unlock()
		var ids []string
		for _, c := range b.started {
			ids = append(ids, c.Event.Data.ShipmentID)
		}
		slices.Sort(ids)
		return ids
	}
	require.Eventually(t, func() bool { return slices.Equal(ids(), []string{"c1", "c1", "c2"}) }, time.Minute, 10*time.Millisecond,
		"nothing is skipped; the process recognises the repeat")
	b.settled(t)
}
