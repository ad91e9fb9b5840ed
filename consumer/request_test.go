package consumer_test

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"shipments/consumer"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/workflows"
)

func cancellation(t *testing.T, shipmentID string) []byte {
	t.Helper()
	ev := event.New()
	ev.SetID("c-1")
	ev.SetSource("/team")
	ev.SetType(events.TypeCancellationRequested)
	require.NoError(t, ev.SetData(event.ApplicationJSON, map[string]string{"shipmentId": shipmentID, "reason": "the customer changed her mind"}))
	text, err := json.Marshal(ev)
	require.NoError(t, err)
	return text
}

func TestRequestIsSignalled(t *testing.T) {
	t.Parallel()
	var got workflows.RequestSignal
	b := setup(t, &fakeTemporal{signal: func(r workflows.RequestSignal) error {
		got = r
		return nil
	}})
	_, err := b.JS.Publish(t.Context(), "shipments.cancellation-requested", cancellation(t, "c1"))
	require.NoError(t, err)
	b.settled(t)
	require.Equal(t, events.Request{
		Type: events.TypeCancellationRequested, ID: "c-1", Source: "/team", ShipmentID: "c1", Reason: "the customer changed her mind",
	}, got.Event)
	require.Equal(t, uint64(1), got.StreamSequence)
	require.Empty(t, b.Rejections(t))
}

func TestRequestForAnEndedShipmentIsRejected(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{signal: func(workflows.RequestSignal) error { return serviceerror.NewNotFound("completed") }})
	_, err := b.publisher.PublishOnce(t.Context(), events.Outcome{
		Lineage: events.Lineage{ShipmentID: "c1", RunID: "r", CausationID: "e-1", CorrelationID: "e-1"}, Type: events.TypeFailed, Sequence: 1, Time: now,
		Data: events.Failed{ShipmentID: "c1", Status: shipment.Failed, Failure: &shipment.Failure{}},
	})
	require.NoError(t, err)
	_, err = b.JS.Publish(t.Context(), "shipments.cancellation-requested.c1", cancellation(t, "c1"))
	require.NoError(t, err)
	b.settled(t)
	require.Equal(t, events.CodeShipmentEnded, b.Rejections(t)[0].Reasons[0].Code)
}

func TestRequestThatHadItsEffectIsRecognised(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{signal: func(workflows.RequestSignal) error { return serviceerror.NewNotFound("completed") }})
	_, err := b.publisher.PublishOnce(t.Context(), events.Outcome{
		Lineage: events.Lineage{ShipmentID: "c1", RunID: "r", CausationID: "e-1", CorrelationID: "e-1"}, Type: events.TypeCancelled, Sequence: 1, Time: now,
		Data: events.Cancelled{
			ShipmentID: "c1", Status: shipment.Cancelled, Cancellation: &shipment.Cancellation{Reason: "r"},
			Request: &events.EventRef{ID: "c-1", Source: "/team"},
		},
	})
	require.NoError(t, err)
	_, err = b.JS.Publish(t.Context(), "shipments.cancellation-requested", cancellation(t, "c1"))
	require.NoError(t, err)
	b.settled(t)
	require.Empty(t, b.Rejections(t), "it was signalled before, and its acknowledgement lost")
}

func TestRequestAheadOfItsShipmentWaits(t *testing.T) {
	t.Parallel()
	var signals atomic.Int64
	b := setup(t, &fakeTemporal{signal: func(workflows.RequestSignal) error {
		if signals.Add(1) == 1 {
			return serviceerror.NewNotFound("unknown")
		}
		return nil
	}})
	_, err := b.JS.Publish(t.Context(), "shipments.cancellation-requested", cancellation(t, "c1"))
	require.NoError(t, err)
	b.settled(t)
	require.Equal(t, int64(2), signals.Load(), "it was delivered again")
	require.Empty(t, b.Rejections(t))
}

func TestRequestThatWaitsIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var signals atomic.Int64
	var log lockedBuffer
	b := setupWith(t, &fakeTemporal{signal: func(workflows.RequestSignal) error {
		if signals.Add(1) <= 3 {
			return serviceerror.NewNotFound("unknown")
		}
		return nil
	}}, func(d *consumer.Dependencies) { d.Log = zerolog.New(&log).Level(zerolog.InfoLevel) }, func(c *consumer.Config) { c.EarlyWait = time.Hour })
	_, err := b.JS.Publish(t.Context(), "shipments.cancellation-requested", cancellation(t, "c1"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return signals.Load() > 3 }, 60*time.Second, 10*time.Millisecond)
	b.settled(t)
	require.Equal(t, 1, strings.Count(log.String(), "A request waits for its shipment"), log.String())
	require.NotContains(t, log.String(), `"level":"warn"`)
	require.Contains(t, log.String(), "shipment c1 is not known yet")
}

// lockedBuffer is a buffer that several goroutines write.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestRequestWithoutItsShipmentIsRejected(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{signal: func(workflows.RequestSignal) error { return serviceerror.NewNotFound("unknown") }})
	_, err := b.JS.Publish(t.Context(), "shipments.cancellation-requested", cancellation(t, "c1"))
	require.NoError(t, err)
	b.settled(t)
	require.Equal(t, events.CodeUnknownShipment, b.Rejections(t)[0].Reasons[0].Code)
}

func TestRequestThatIsMalformedIsRejected(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{})
	for subject, body := range map[string]string{
		"shipments.cancellation-requested":           `{"specversion":"1.0","id":"1","source":"/x","type":"shipments.cancellation-requested","data":{"shipmentId":"c1"}}`,
		"shipments.collection-rebooking-requested":   `{"specversion":"1.0","id":"1","source":"/x","type":"shipments.collection-rebooking-requested","data":{"shipmentId":"c1","collectionDate":"soon"}}`,
		"shipments.cancellation-requested.c2":        string(cancellation(t, "c1")),
		"shipments.created":                          string(cancellation(t, "c1")),
		"shipments.collection-rebooking-requested.x": "not json",
	} {
		_, err := b.JS.Publish(t.Context(), subject, []byte(body))
		require.NoError(t, err)
	}
	b.settled(t)
	codes := map[string]int{}
	for _, r := range b.Rejections(t) {
		codes[r.Reasons[0].Code]++
	}
	require.Equal(t, map[string]int{events.CodeSchemaViolation: 2, events.CodeSubjectMismatch: 2, events.CodeInvalidJSON: 1}, codes)
}

func TestRequestThatWasRejectedHasNoEffectLater(t *testing.T) {
	t.Parallel()
	var runs atomic.Bool
	var signalled atomic.Int64
	b := setup(t, &fakeTemporal{signal: func(workflows.RequestSignal) error {
		if !runs.Load() {
			return serviceerror.NewNotFound("unknown")
		}
		signalled.Add(1)
		return nil
	}})
	_, err := b.JS.Publish(t.Context(), events.TypeCancellationRequested, cancellation(t, "c1"))
	require.NoError(t, err)
	b.settled(t)
	require.Equal(t, events.CodeUnknownShipment, b.Rejections(t)[0].Reasons[0].Code)
	runs.Store(true) // The shipment came after all.
	require.NoError(t, b.JS.DeleteConsumer(t.Context(), events.StreamShipments, streams.ConsumerName))
	_, err = streams.Provision(t.Context(), b.JS, 1) // The stream is delivered again from its beginning.
	require.NoError(t, err)
	b.settled(t)
	require.Zero(t, signalled.Load())
	require.Len(t, b.Rejections(t), 1)
}
