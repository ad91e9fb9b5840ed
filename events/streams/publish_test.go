package streams_test

import (
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

const publicURL = "http://api.test"

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func lineage(id, run string) events.Lineage {
	return events.NewLineage(events.ShipmentCreated{
		ID: "cause-1", Source: "/team", TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Data: sample.Shipment(id, now),
	}, run)
}

func manifested(id, run string) events.Outcome {
	return events.Outcome{
		Lineage: lineage(id, run), Type: events.TypeManifested, Sequence: 2, Time: now,
		Data: events.Manifested{ShipmentID: id, ManifestedLegs: []shipment.ManifestedLeg{
			{CarrierID: "c", TrackingNumbers: []string{"1"}, LabelsURL: "http://x/l"},
		}},
	}
}

func TestPublishOncePublishesAValidCloudEvent(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	_, err := streams.NewPublisher(s.JS, publicURL).PublishOnce(t.Context(), manifested("abc", "run-1"))
	require.NoError(t, err)

	stored := s.Messages(t, events.StreamEvents, "shipments.*.abc")
	require.Len(t, stored, 1)
	require.Equal(t, "shipments.manifested.abc", stored[0].Subject)
	require.Equal(t, events.ContentType, stored[0].Header.Get("Content-Type"))
	require.Contains(t, string(stored[0].Data), `"data":{"shipmentId":"abc"`, "data is JSON in the open, not base64")
	ev, reasons := events.Decode(stored[0].Header, stored[0].Data)
	require.Empty(t, reasons, "our own strict decoder takes what we publish")
	require.Equal(t, "shipments.manifested", ev.Type())
	require.Equal(t, "/shipments/process", ev.Source())
	require.Equal(t, "abc", ev.Subject())
	require.Equal(t, now, ev.Time())
	require.Equal(t, "http://api.test/schemas/shipments.manifested.json", ev.DataSchema())
	require.Equal(t, "cause-1", ev.Extensions()["causationid"])
	require.Equal(t, "cause-1", ev.Extensions()["correlationid"])
	require.Equal(t, "00000002", ev.Extensions()["sequence"])
	require.Equal(t, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ev.Extensions()["traceparent"])
	require.Empty(t, events.ValidateData(ev.Type(), ev.Data()))
}

func TestPublishOnceStoresOnceFarBeyondTheDuplicateWindow(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	s.ShortenDuplicateWindow(t, events.StreamEvents)
	publisher := streams.NewPublisher(s.JS, publicURL)

	first, err := publisher.PublishOnce(t.Context(), manifested("abc", "run-1"))
	require.NoError(t, err)
	// Another message with the same message id is taken again: the window has passed.
	probe := func() bool {
		msg := nats.NewMsg("shipments.failed.probe")
		msg.Header.Set(jetstream.MsgIDHeader, lineage("abc", "run-1").EventID(events.TypeManifested, 0))
		ack, err := s.JS.PublishMsg(t.Context(), msg)
		return err == nil && !ack.Duplicate
	}
	require.Eventually(t, probe, 10*time.Second, 20*time.Millisecond)

	again, err := publisher.PublishOnce(t.Context(), manifested("abc", "run-1"))
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Len(t, s.Messages(t, events.StreamEvents, "shipments.manifested.abc"), 1)
}

func TestPublishOnceReturnsTheEventOfAnotherRun(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	_, err := publisher.PublishOnce(t.Context(), manifested("abc", "run-1"))
	require.NoError(t, err)

	_, err = publisher.PublishOnce(t.Context(), manifested("abc", "run-2"))
	var conflict *streams.OutcomeConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, lineage("abc", "run-1").EventID(events.TypeManifested, 0), conflict.Stored.ID())
	require.Len(t, s.Messages(t, events.StreamEvents, "shipments.manifested.abc"), 1)
}

func TestPublishOnceByManyAtOnceStoresOne(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := publisher.PublishOnce(t.Context(), manifested("abc", "run-1"))
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Len(t, s.Messages(t, events.StreamEvents, "shipments.manifested.abc"), 1)
}

func TestPublishCreatedStoresTheEventsOfTwoSourcesWithOneID(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	for i, source := range []string{"/a", "/b", "/a"} {
		ev, err := events.NewCreated("1", source, now, sample.Shipment("c", now))
		require.NoError(t, err)
		sequence, err := publisher.PublishCreated(t.Context(), ev, "c")
		require.NoError(t, err)
		require.Equal(t, []uint64{1, 2, 1}[i], sequence, "the very same event is a repeat")
	}
}

func TestPublisherFailsWhileEventsCannotBeStored(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	p := streams.NewPublisher(s.JS, "http://api.test")
	publish := func(id string) error {
		ev, err := events.NewCreated(id, "/team", time.Now(), sample.Shipment("abc0", time.Now()))
		require.NoError(t, err)
		_, err = p.PublishCreated(t.Context(), ev, "abc0")
		return err
	}
	require.NoError(t, publish("1"))
	_, err := p.Failing()
	require.NoError(t, err)
	stream, err := s.JS.Stream(t.Context(), events.StreamShipments)
	require.NoError(t, err)
	full := stream.CachedInfo().Config
	full.Discard, full.MaxMsgs = jetstream.DiscardNew, 1
	_, err = s.JS.UpdateStream(t.Context(), full)
	require.NoError(t, err)
	require.Error(t, publish("2"))
	began, err := p.Failing()
	require.Error(t, err)
	require.Error(t, publish("3"))
	since, err := p.Failing()
	require.Error(t, err)
	require.Equal(t, began, since, "since the first failure")
	full.MaxMsgs = -1
	_, err = s.JS.UpdateStream(t.Context(), full)
	require.NoError(t, err)
	require.NoError(t, publish("2"))
	_, err = p.Failing()
	require.NoError(t, err)
}
