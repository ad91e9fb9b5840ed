package streams_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

func TestReadStatusFollowsTheStory(t *testing.T) {
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

func TestReadStatusIsAnErrorWithoutStreams(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t) // no streams
	_, err := streams.ReadStatus(t.Context(), s.JS, "abc")
	require.Error(t, err)
	require.NotErrorIs(t, err, streams.ErrUnknownShipment)
}

func TestReadStatusIgnoresRejectionsWithoutAShipment(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	p := streams.NewPublisher(s.JS, "http://api.test")
	garbage := events.Rejection{Reasons: []shipment.Reason{{Code: events.CodeInvalidJSON}}, Input: events.Input{Stream: events.StreamShipments, StreamSequence: 1}}
	require.NoError(t, p.Reject(t.Context(), garbage))
	_, err := streams.ReadStatus(t.Context(), s.JS, events.UnknownShipment)
	require.ErrorIs(t, err, streams.ErrUnknownShipment)
}

func TestReadStatusIgnoresRejectionsOfRequests(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	ofRequest := func(id string, sequence uint64) {
		r := rejected(id, sequence)
		r.Input.Subject, r.Reasons = events.TypeCancellationRequested, []shipment.Reason{{Code: events.CodeUnknownShipment, Message: "m"}}
		require.NoError(t, publisher.Reject(t.Context(), r))
	}
	for _, id := range []string{"abc", "def"} {
		ev, err := events.NewCreated("1"+id, "/test", now, sample.Shipment(id, now))
		require.NoError(t, err)
		sequence, err := publisher.PublishCreated(t.Context(), ev, id)
		require.NoError(t, err)
		if id == "abc" {
			require.NoError(t, publisher.Reject(t.Context(), rejected(id, sequence)))
		}
		ofRequest(id, sequence+100)
		ofRequest(id, sequence+101)
	}
	ofRequest("ghi", 300)
	for id, want := range map[string]struct {
		status shipment.Status
		code   string
	}{
		"abc": {shipment.Rejected, events.CodeInvalidJSON},
		"def": {shipment.Pending, ""},
		"ghi": {shipment.Rejected, events.CodeUnknownShipment},
	} {
		result, err := streams.ReadStatus(t.Context(), s.JS, id)
		require.NoError(t, err)
		require.Equal(t, want.status, result.Status, id)
		if want.code != "" {
			require.Equal(t, want.code, result.Reasons[0].Code, id)
		}
	}
}

// An event of one shipment on the subject of another is rejected as one of the first: it
// says nothing of the second.
func TestReadStatusOfAnotherShipmentsSubject(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	for _, body := range []string{`{"data":{"shipmentId":"abc"}}`, `{"shipmentId":"abc"}`} {
		_, err := s.JS.Publish(t.Context(), events.Subject(events.TypeCreated, "def"), []byte(body))
		require.NoError(t, err)
		_, err = streams.ReadStatus(t.Context(), s.JS, "def")
		require.ErrorIs(t, err, streams.ErrUnknownShipment)
	}
	_, err := s.JS.Publish(t.Context(), events.Subject(events.TypeCreated, "def"), []byte(`{"data":{"shipmentId":"a.b"}}`))
	require.NoError(t, err)
	result, err := streams.ReadStatus(t.Context(), s.JS, "def")
	require.NoError(t, err, "without a valid id, the subject's counts")
	require.Equal(t, shipment.Pending, result.Status)
}
