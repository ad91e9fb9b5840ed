package consumer_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/converter"

	"shipments/consumer"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/shipment"
)

func TestAMessageDeliveredTooOftenIsQuarantined(t *testing.T) {
	t.Parallel()
	s := crashedOn(t, nats.NewMsg("shipments.created.c1"), func(string) (*commonpb.Memo, error) {
		return nil, serviceerror.NewNotFound("no such process")
	})
	require.Eventually(t, func() bool {
		return len(s.Messages(t, events.StreamRejections, "shipments.rejected.c1")) == 1
	}, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, events.CodeDeliveredTooOften, s.Rejections(t)[0].Reasons[0].Code)
}

func TestAMessageDeliveredTooOftenThatHadItsEffectIsNotRejected(t *testing.T) {
	t.Parallel()
	content := shipment.Sample("c1", now)
	ev, err := events.NewCreated("e-1", "/team", now, content)
	require.NoError(t, err)
	msg, err := events.Message(events.TypeCreated, ev)
	require.NoError(t, err)
	s := crashedOn(t, msg, func(id string) (*commonpb.Memo, error) {
		require.Equal(t, "shipment.c1", id)
		sequence, err := converter.GetDefaultDataConverter().ToPayload(1)
		return &commonpb.Memo{Fields: map[string]*commonpb.Payload{"streamSequence": sequence}}, err
	})
	b := &bundle{Server: s}
	b.settled(t)
	require.Empty(t, s.Rejections(t))
}

// crashedOn runs a consumer on a server with one message, on which three
// consumers have crashed before.
func crashedOn(t *testing.T, msg *nats.Msg, describe func(string) (*commonpb.Memo, error)) *eventstest.Server {
	t.Helper()
	s := eventstest.StartProvisioned(t)
	_, err := s.JS.PublishMsg(t.Context(), msg)
	require.NoError(t, err)
	durable, err := s.JS.Consumer(t.Context(), events.StreamShipments, events.ConsumerName)
	require.NoError(t, err)
	for range 3 {
		m, err := durable.Next(jetstream.FetchMaxWait(5 * time.Second))
		require.NoError(t, err)
		require.NoError(t, m.Nak())
	}
	c := consumer.New(consumer.Config{MaxDeliveries: 3}, consumer.Dependencies{
		JetStream: s.JS, Publisher: events.NewPublisher(s.JS, "http://api.test"), Temporal: &fakeTemporal{describe: describe},
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
