package streams_test

import (
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

func TestProgressFollowsTheStory(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	parcel := sample.Shipment("abc", begun.AddDate(0, 0, 3))
	emulating := streams.Expectations{
		Rules:           shipment.Rules{Emulation: true, CollectionDelay: time.Hour, Carriers: sample.Carriers()},
		CarrierDeadline: 24 * time.Hour,
	}
	calendar := emulating
	calendar.Rules.Emulation = false
	opens, fault := calendar.Rules.BookingTime(parcel, begun)
	require.Nil(t, fault)

	read := func(e streams.Expectations) *shipment.Progress {
		result := shipment.Result{ShipmentID: "abc", Status: shipment.Pending}
		require.NoError(t, streams.AddProgress(t.Context(), s.JS, &result, e))
		story, err := streams.ReadStory(t.Context(), s.JS, "abc")
		require.NoError(t, err)
		require.Equal(t, result.Progress, streams.Expect(story.Messages, e, time.Now()), "the story says the same")
		require.WithinDuration(t, time.Now(), result.Progress.Since, 30*time.Second)
		return result.Progress
	}
	sequence := 0
	publish := func(eventType string, occurrence int, data any) {
		sequence++
		outcome := events.Outcome{Lineage: lineage("abc", "r"), Type: eventType, Occurrence: occurrence, Sequence: sequence, Time: time.Now(), Data: data}
		_, err := publisher.PublishOnce(t.Context(), outcome)
		require.NoError(t, err)
	}
	require.Nil(t, streams.Expect(nil, emulating, begun))

	ev, err := events.NewCreated("cause-1", "/team", begun, parcel)
	require.NoError(t, err)
	_, err = publisher.PublishCreated(t.Context(), ev, "abc")
	require.NoError(t, err)
	p := read(calendar)
	require.Equal(t, shipment.WaitConsumer, p.WaitsFor)
	require.Equal(t, shipment.StageValidation, p.Stage)
	require.Equal(t, opens.UTC(), *p.BookingAt, "known from the start")
	require.Nil(t, read(emulating).BookingAt, "it depends on when the documents are there")

	publish(events.TypeAccepted, 0, events.Accepted{ShipmentID: "abc", Trigger: events.EventRef{ID: "cause-1", Source: "/team"}})
	other := parcel
	other.CollectionDate = begun.AddDate(0, 0, 20).Format(time.DateOnly)
	repeat, err := events.NewCreated("another", "/team", begun, other)
	require.NoError(t, err)
	_, err = publisher.PublishCreated(t.Context(), repeat, "abc")
	require.NoError(t, err)
	p = read(calendar)
	require.Equal(t, shipment.WaitCarriers, p.WaitsFor)
	require.Equal(t, shipment.StageManifestation, p.Stage)
	require.Equal(t, p.Since.Add(24*time.Hour), *p.Until)
	require.Equal(t, opens.UTC(), *p.BookingAt, "by the content that the process has, not by the newest")

	legs := []shipment.ManifestedLeg{{CarrierID: parcel.Legs[0].CarrierID, TrackingNumbers: []string{"T1"}, LabelsURL: "http://x"}}
	publish(events.TypeManifested, 0, events.Manifested{ShipmentID: "abc", ManifestedLegs: legs})
	p = read(calendar)
	require.Equal(t, shipment.WaitDocuments, p.WaitsFor)
	require.Equal(t, shipment.StageDocuments, p.Stage)
	require.Equal(t, legs, p.ManifestedLegs)

	papers := shipment.Documents{LabelsURL: "http://l", ReceiptURL: "http://r", CombinedDocumentURL: "http://c"}
	publish(events.TypeDocumentsGenerated, 0, events.DocumentsGenerated{ShipmentID: "abc", ShipmentDocuments: papers})
	p = read(calendar)
	require.Equal(t, shipment.WaitBookingTime, p.WaitsFor)
	require.Equal(t, shipment.StageCollection, p.Stage)
	require.Equal(t, opens.UTC(), *p.Until)
	require.Equal(t, papers, *p.ShipmentDocuments)
	require.Equal(t, legs, p.ManifestedLegs)
	p = read(emulating)
	require.Equal(t, shipment.WaitBookingTime, p.WaitsFor)
	require.WithinDuration(t, p.Since.Add(time.Hour), *p.Until, time.Minute, "the delay counts from the documents")
	emulating.Rules.CollectionDelay = 0
	p = read(emulating)
	require.Equal(t, shipment.WaitBooking, p.WaitsFor)
	require.Equal(t, p.BookingAt.Add(24*time.Hour), *p.Until)
	p = read(streams.Expectations{})
	require.Equal(t, shipment.WaitBooking, p.WaitsFor)
	require.Nil(t, p.Until, "without the carriers nothing is known of the time")
	require.Nil(t, p.BookingAt)

	until := begun.Add(time.Hour).UTC()
	no := []shipment.Fault{*shipment.NewFault("no", "1")}
	publish(events.TypeCollectionDeclined, 1, events.CollectionDeclined{
		ShipmentID: "abc", CollectionDate: parcel.CollectionDate, Faults: no, RebookableUntil: &until,
	})
	p = read(calendar)
	require.Equal(t, shipment.WaitRebooking, p.WaitsFor)
	require.Equal(t, until, *p.Until)
	require.Equal(t, until, *p.RebookableUntil)
	require.Equal(t, no, p.Faults)
	story, err := streams.ReadStory(t.Context(), s.JS, "abc")
	require.NoError(t, err)
	require.Equal(t, shipment.WaitEnding, streams.Expect(story.Messages, calendar, until).WaitsFor, "nobody has requested one in time")

	request := event.New()
	request.SetID("r-1")
	request.SetSource("/team")
	request.SetType(events.TypeRebookingRequested)
	require.NoError(t, request.SetData(event.ApplicationJSON, events.RebookingRequested{ShipmentID: "abc", CollectionDate: other.CollectionDate}))
	requested, err := publisher.PublishInput(t.Context(), request, "abc")
	require.NoError(t, err)
	later, fault := calendar.Rules.BookingTime(other, begun)
	require.Nil(t, fault)
	p = read(calendar)
	require.Equal(t, shipment.WaitBookingTime, p.WaitsFor)
	require.Equal(t, later.UTC(), *p.Until, "of the day that is requested")
	require.Nil(t, p.RebookableUntil)
	require.NoError(t, publisher.Reject(t.Context(), rejected("abc", requested)))
	require.Equal(t, shipment.WaitRebooking, read(calendar).WaitsFor, "that request was rejected")

	booking := shipment.CollectionBooking{CarrierID: parcel.Legs[0].CarrierID, BookingReference: "B1", LocationReference: "L1"}
	publish(events.TypeCollectionBooked, 0, events.CollectionBooked{ShipmentID: "abc", CollectionBooking: booking})
	p = read(calendar)
	require.Equal(t, shipment.WaitEnding, p.WaitsFor)
	require.Equal(t, booking, *p.CollectionBooking)
	publish(events.TypeManifestationVoided, 0, events.ManifestationVoided{ShipmentID: "abc"})
	require.Equal(t, shipment.WaitEnding, read(calendar).WaitsFor)

	ended := shipment.Result{ShipmentID: "abc", Status: shipment.Success}
	require.NoError(t, streams.AddProgress(t.Context(), s.JS, &ended, calendar))
	require.Nil(t, ended.Progress, "only a pending shipment has progress")
}

func TestProgressOfAnInputWithoutTheIDInItsSubject(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	begun := time.Now()
	ev, err := events.NewCreated("cause-1", "/team", begun, sample.Shipment("abc", begun.AddDate(0, 0, 3)))
	require.NoError(t, err)
	sequence, err := publisher.PublishCreated(t.Context(), ev, "")
	require.NoError(t, err)
	_, err = publisher.PublishOnce(t.Context(), events.Outcome{Lineage: lineage("abc", "r"), Type: events.TypeAccepted, Sequence: 1, Time: begun,
		Data: events.Accepted{ShipmentID: "abc", Trigger: events.EventRef{ID: "cause-1", Source: "/team"}}})
	require.NoError(t, err)
	for _, inputs := range [][]uint64{nil, {0}, {sequence}} {
		result := shipment.Result{ShipmentID: "abc", Status: shipment.Pending}
		require.NoError(t, streams.AddProgress(t.Context(), s.JS, &result, streams.Expectations{Rules: shipment.Rules{Carriers: sample.Carriers()},
			Inputs: inputs}))
		require.Equal(t, shipment.WaitCarriers, result.Progress.WaitsFor)
		require.Equal(t, len(inputs) > 0 && inputs[0] > 0, result.Progress.BookingAt != nil)
	}
}
