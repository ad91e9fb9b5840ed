package consumer_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/converter"

	"shipments/consumer"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment/sample"
	"shipments/workflows"
)

func TestQuarantineRejectsAMessage(t *testing.T) {
	t.Parallel()
	for name, history := range map[string]func(string) ([]*historypb.HistoryEvent, error){
		"there is no process": func(string) ([]*historypb.HistoryEvent, error) {
			return nil, serviceerror.NewNotFound("no such process")
		},
		"its process was started by others": func(string) ([]*historypb.HistoryEvent, error) { return received(t, 2), nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := crashedOn(t, nats.NewMsg("shipments.created.c1"), 3, history)
			require.Eventually(t, func() bool {
				return len(s.Messages(t, events.StreamRejections, "shipments.rejected.c1")) == 1
			}, 10*time.Second, 10*time.Millisecond)
			require.Equal(t, events.CodeDeliveredTooOften, s.Rejections(t)[0].Reasons[0].Code)
		})
	}
}

func TestQuarantineAcksAMessageThatItsProcessReceived(t *testing.T) {
	t.Parallel()
	ev, err := events.NewCreated("e-1", "/team", now, sample.Shipment("c1", now))
	require.NoError(t, err)
	created, err := streams.Message(events.TypeCreated, ev)
	require.NoError(t, err)
	request := nats.NewMsg(events.TypeCancellationRequested)
	request.Data = cancellation(t, "c1")
	for name, test := range map[string]struct {
		msg        *nats.Msg
		deliveries int
	}{
		"created": {created, 3},
		"request": {request, 300}, // It may be early a hundred times.
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := crashedOn(t, test.msg, test.deliveries, func(id string) ([]*historypb.HistoryEvent, error) {
				require.Equal(t, "shipment.c1", id)
				return received(t, 7, 1), nil
			})
			b := &bundle{Server: s}
			b.settled(t)
			require.Empty(t, s.Rejections(t))
		})
	}
}

func TestQuarantineIgnoresAnOutage(t *testing.T) {
	t.Parallel()
	msg := nats.NewMsg(events.TypeCancellationRequested)
	msg.Data = cancellation(t, "c1")
	var asked atomic.Int64
	s := crashedOn(t, msg, 300, func(string) ([]*historypb.HistoryEvent, error) {
		if asked.Add(1) < 3 {
			return nil, serviceerror.NewUnavailable("no connection")
		}
		return received(t, 1), nil
	})
	b := &bundle{Server: s}
	b.settled(t)
	require.Empty(t, s.Rejections(t))
	require.EqualValues(t, 3, asked.Load())
}

// received is the history of a process that was signalled by hand and by
// messages of these sequences.
func received(t *testing.T, sequences ...uint64) []*historypb.HistoryEvent {
	t.Helper()
	history := []*historypb.HistoryEvent{{}, signalled(t, "by hand"), signalled(t)}
	for _, sequence := range sequences {
		history = append(history, signalled(t, workflows.RequestSignal{StreamSequence: sequence}))
	}
	return history
}

func signalled(t *testing.T, args ...any) *historypb.HistoryEvent {
	t.Helper()
	input, err := converter.GetDefaultDataConverter().ToPayloads(args...)
	require.NoError(t, err)
	return &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionSignaledEventAttributes{
		WorkflowExecutionSignaledEventAttributes: &historypb.WorkflowExecutionSignaledEventAttributes{Input: input},
	}}
}

// crashedOn runs a consumer on a server with one message, on which consumers
// have crashed before.
func crashedOn(t *testing.T, msg *nats.Msg, deliveries int, history func(string) ([]*historypb.HistoryEvent, error)) *eventstest.Server {
	t.Helper()
	s := eventstest.StartProvisioned(t)
	_, err := s.JS.PublishMsg(t.Context(), msg)
	require.NoError(t, err)
	durable, err := s.JS.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
	require.NoError(t, err)
	for range deliveries {
		m, err := durable.Next(jetstream.FetchMaxWait(5 * time.Second))
		require.NoError(t, err)
		require.NoError(t, m.Nak())
	}
	c := consumer.New(consumer.Config{MaxDeliveries: 3}, consumer.Dependencies{
		JetStream: s.JS, Publisher: streams.NewPublisher(s.JS, "http://api.test"), Temporal: &fakeTemporal{history: history},
		Log: zerolog.New(zerolog.NewTestWriter(t)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return s
}
