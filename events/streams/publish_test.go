package streams_test

import (
	"encoding/json"
	"sync"
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

func TestOutcomeEventIsAValidCloudEvent(t *testing.T) {
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
		msg.Header.Set(jetstream.MsgIDHeader, lineage("abc", "run-1").EventID(events.TypeManifested))
		ack, err := s.JS.PublishMsg(t.Context(), msg)
		return err == nil && !ack.Duplicate
	}
	require.Eventually(t, probe, 10*time.Second, 20*time.Millisecond)

	again, err := publisher.PublishOnce(t.Context(), manifested("abc", "run-1"))
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Len(t, s.Messages(t, events.StreamEvents, "shipments.manifested.abc"), 1)
}

func TestPublishOnceTellsAnotherRunsEvent(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	_, err := publisher.PublishOnce(t.Context(), manifested("abc", "run-1"))
	require.NoError(t, err)

	_, err = publisher.PublishOnce(t.Context(), manifested("abc", "run-2"))
	var conflict *streams.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, lineage("abc", "run-1").EventID(events.TypeManifested), conflict.Stored.ID())
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

func TestRejectionHoldsTheInputExactlyAndIsStoredOnce(t *testing.T) {
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

func TestRejectionOfAnInputThatIsDeliveredAgainMuchLater(t *testing.T) {
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

func TestAPublishersHeadersDeceiveNobody(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	msg := nats.NewMsg("shipments.created.abc")
	msg.Header.Set("Nats-Sequence", "abc")
	msg.Header.Set("Nats-Subject", "elsewhere")
	msg.Header.Set("Nats-Time-Stamp", "never")
	ack, err := s.JS.PublishMsg(t.Context(), msg)
	require.NoError(t, err)
	input, err := streams.ReadInput(t.Context(), s.JS, ack.Sequence)
	require.NoError(t, err)
	require.Equal(t, ack.Sequence, input.StreamSequence)
	require.Equal(t, "shipments.created.abc", input.Subject)
	require.Equal(t, []string{"abc"}, input.Headers["Nats-Sequence"])
	result, err := streams.ReadStatus(t.Context(), s.JS, "abc")
	require.NoError(t, err)
	require.Equal(t, shipment.Pending, result.Status)
}

func TestEventsOfTwoSourcesWithOneIDAreBothStored(t *testing.T) {
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

func TestStatusFollowsTheStory(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	status := func() shipment.Status {
		result, err := streams.ReadStatus(t.Context(), s.JS, "abc")
		require.NoError(t, err)
		require.Equal(t, "abc", result.ShipmentID)
		return result.Status
	}
	_, err := streams.ReadStatus(t.Context(), s.JS, "abc")
	require.ErrorIs(t, err, streams.ErrUnknownShipment)

	ev, err := events.NewCreated("1", "/test", now, sample.Shipment("abc", now))
	require.NoError(t, err)
	sequence, err := publisher.PublishCreated(t.Context(), ev, "abc")
	require.NoError(t, err)
	require.Equal(t, shipment.Pending, status(), "published is known at once")

	require.NoError(t, publisher.Reject(t.Context(), rejected("abc", sequence)))
	result, err := streams.ReadStatus(t.Context(), s.JS, "abc")
	require.NoError(t, err)
	require.Equal(t, shipment.Rejected, result.Status)
	require.Equal(t, events.CodeInvalidJSON, result.Reasons[0].Code)

	ev.SetID("2")
	_, err = publisher.PublishCreated(t.Context(), ev, "abc")
	require.NoError(t, err)
	require.Equal(t, shipment.Pending, status(), "a newer one waits")

	_, err = publisher.PublishOnce(t.Context(), events.Outcome{Lineage: lineage("abc", "r"), Type: events.TypeAccepted, Sequence: 1, Time: now,
		Data: events.Accepted{ShipmentID: "abc", ContentDigest: "d"}})
	require.NoError(t, err)
	require.Equal(t, shipment.Pending, status())
	entry, err := streams.ReadLedger(t.Context(), s.JS, "abc")
	require.NoError(t, err)
	require.Equal(t, "d", entry.ContentDigest)

	_, err = publisher.PublishOnce(t.Context(), events.Outcome{Lineage: lineage("abc", "r"), Type: events.TypeFailed, Sequence: 2, Time: now,
		Data: events.Failed{ShipmentID: "abc", Status: shipment.Failed, Stage: shipment.StageManifestation,
			Failure: &shipment.Failure{Faults: []shipment.Fault{*shipment.NewFault("no", "1")}}}})
	require.NoError(t, err)
	result, err = streams.ReadStatus(t.Context(), s.JS, "abc")
	require.NoError(t, err)
	text, err := json.Marshal(result)
	require.NoError(t, err)
	require.JSONEq(t, `{"shipmentId":"abc","status":"Failure","failure":{"faults":[{"description":"no","errors":["1"]}]}}`, string(text))
}

func TestStatusIsAnErrorWithoutJetStream(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t) // no streams
	_, err := streams.ReadStatus(t.Context(), s.JS, "abc")
	require.Error(t, err)
	require.NotErrorIs(t, err, streams.ErrUnknownShipment)
}

func TestInputIsReadBackAsItWas(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	msg := nats.NewMsg("shipments.created.abc")
	msg.Header.Set("X-Team", "orders")
	msg.Data = []byte("{}")
	ack, err := s.JS.PublishMsg(t.Context(), msg)
	require.NoError(t, err)
	input, err := streams.ReadInput(t.Context(), s.JS, ack.Sequence)
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"X-Team": {"orders"}}, input.Headers)
	require.Equal(t, []byte("{}"), input.Data)
	require.Equal(t, "shipments.created.abc", input.Subject)
	_, err = streams.ReadInput(t.Context(), s.JS, ack.Sequence+1)
	require.ErrorIs(t, err, streams.ErrNoInput)
}

func TestTroubleIsKnownWhileEventsCannotBeStored(t *testing.T) {
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
	require.NoError(t, p.Trouble())
	stream, err := s.JS.Stream(t.Context(), events.StreamShipments)
	require.NoError(t, err)
	full := stream.CachedInfo().Config
	full.Discard, full.MaxMsgs = jetstream.DiscardNew, 1
	_, err = s.JS.UpdateStream(t.Context(), full)
	require.NoError(t, err)
	require.Error(t, publish("2"))
	require.Error(t, p.Trouble())
	full.MaxMsgs = -1
	_, err = s.JS.UpdateStream(t.Context(), full)
	require.NoError(t, err)
	require.NoError(t, publish("2"))
	require.NoError(t, p.Trouble())
}

func TestOtherPeoplesGarbageIsNoShipment(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	p := streams.NewPublisher(s.JS, "http://api.test")
	garbage := events.Rejection{Reasons: []shipment.Reason{{Code: events.CodeInvalidJSON}}, Input: events.Input{Stream: events.StreamShipments, StreamSequence: 1}}
	require.NoError(t, p.Reject(t.Context(), garbage))
	_, err := streams.ReadStatus(t.Context(), s.JS, events.UnknownShipment)
	require.ErrorIs(t, err, streams.ErrUnknownShipment)
}
