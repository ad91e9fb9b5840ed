package streams_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

func rejected(id string, sequence uint64) events.Rejection {
	return events.Rejection{
		ShipmentID: id,
		Reasons:    []shipment.Reason{{Code: events.CodeInvalidJSON, Message: "not JSON"}},
		Input: events.Input{
			Stream: events.StreamShipments, StreamSequence: sequence, Subject: "shipments.created", StoredAt: now,
			Headers: events.EscapeHeaders(nats.Header{"X": {"50% \x00\xff"}}), Data: []byte{0, 0xff, '{'},
		},
	}
}

func TestRejectStoresTheInputExactlyAndOnce(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	require.NoError(t, publisher.Reject(t.Context(), rejected("", 7)))
	require.NoError(t, publisher.Reject(t.Context(), rejected("", 7)), "JetStream recognises the repeat")
	require.NoError(t, publisher.Reject(t.Context(), rejected("", 8)))
	require.NoError(t, publisher.Reject(t.Context(), rejected("abc", 9)))

	var found []streams.StoredRejection
	require.NoError(t, streams.Rejections(t.Context(), s.JS, "", time.Unix(0, 0), func(r streams.StoredRejection) bool {
		found = append(found, r)
		return true
	}))
	require.Len(t, found, 3)
	require.Equal(t, []byte{0, 0xff, '{'}, found[0].Input.Data)
	require.Equal(t, map[string][]string{"X": {"50%25 %00%FF"}}, found[0].Input.Headers)
	require.Len(t, s.Messages(t, events.StreamRejections, "shipments.rejected.unknown"), 2)
	for _, msg := range s.Messages(t, events.StreamRejections, "shipments.rejected.>") {
		var ev event.Event
		require.NoError(t, json.Unmarshal(msg.Data, &ev))
		require.Empty(t, events.ValidateData(ev.Type(), ev.Data()))
	}
}

func TestRejectRecognisesAnInputThatIsDeliveredAgainMuchLater(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	s.ShortenDuplicateWindow(t, events.StreamRejections)
	publisher := streams.NewPublisher(s.JS, publicURL)
	// Many others lie between, and the duplicate window does not help.
	early := rejected("", 7)
	early.Input.StoredAt = time.Now().Add(-time.Minute)
	require.NoError(t, publisher.Reject(t.Context(), early))
	for i := range uint64(250) {
		other := rejected("", 100+i)
		other.Input.StoredAt = time.Now()
		require.NoError(t, publisher.Reject(t.Context(), other))
	}
	require.Eventually(t, func() bool { // until the window has passed
		msg := nats.NewMsg("shipments.rejected.probe")
		msg.Header.Set(jetstream.MsgIDHeader, early.EventID())
		ack, err := s.JS.PublishMsg(t.Context(), msg)
		return err == nil && !ack.Duplicate
	}, 10*time.Second, 20*time.Millisecond)
	require.NoError(t, publisher.Reject(t.Context(), early))
	require.Len(t, s.Messages(t, events.StreamRejections, "shipments.rejected.unknown"), 251)
}
