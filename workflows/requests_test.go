package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
	"shipments/workflows"
)

func cancellation(eventID, shipmentID string) workflows.RequestSignal {
	return workflows.RequestSignal{Event: events.Request{
		Type: events.TypeCancellationRequested, ID: eventID, Source: "/team", ShipmentID: shipmentID, Reason: "the customer changed her mind",
	}}
}

func rebooking(eventID, shipmentID, date string) workflows.RequestSignal {
	return workflows.RequestSignal{Event: events.Request{
		Type: events.TypeRebookingRequested, ID: eventID, Source: "/team", ShipmentID: shipmentID, CollectionDate: date,
	}}
}

// request sends a request after a time.
func (b *bundle) request(after time.Duration, r workflows.RequestSignal) {
	b.env.RegisterDelayedCallback(func() { b.env.SignalWorkflow(workflows.SignalRequested, r) }, after)
}

func (b *bundle) codes(t *testing.T) []string {
	t.Helper()
	var codes []string
	for _, r := range b.Rejections(t) {
		codes = append(codes, r.Reasons[0].Code)
	}
	return codes
}

func TestCancellationBeforeTheBookingVoidsTheLegs(t *testing.T) {
	t.Parallel()
	inEach(t, compositions, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.request(10*time.Second, cancellation("x-1", international))
		b.request(11*time.Second, cancellation("x-1", international)) // a repeat
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Cancelled, result.Status)
		require.Equal(t, "the customer changed her mind", result.Cancellation.Reason)
		require.Len(t, result.Cancellation.Compensation.Voided, 2)
		require.Equal(t, []string{"accepted", "manifested", "documents-generated", "manifestation-voided", "cancelled"}, b.story(t, international))
		require.Contains(t, b.carrier.calls, international+"/leg-1/void")
		require.Contains(t, b.carrier.calls, international+"/leg-2/void")
		require.NotContains(t, b.carrier.calls, international+"/leg-1/book-collection")
		require.Empty(t, b.Rejections(t))
		status, err := streams.ReadStatus(t.Context(), b.JS, international)
		require.NoError(t, err)
		require.Equal(t, result, status)
	})
}

func TestCancellationWhileALegIsManifestedVoidsWhatMayHaveBeen(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
			if call.Leg == 2 {
				return carriers.ManifestLegReply{}, errBusy // until it is cancelled
			}
			return carriers.ManifestLegReply{TrackingNumbers: []string{"t-1"}}, nil
		}
		b.request(5*time.Second, cancellation("x-1", international))
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Cancelled, result.Status)
		require.Len(t, result.Cancellation.Compensation.Voided, 2)
		require.Equal(t, []string{"accepted", "manifestation-voided", "cancelled"}, b.story(t, international))
	})
}

func TestCancellationByAnOperator(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	b.env.RegisterDelayedCallback(b.env.CancelWorkflow, time.Second)
	result := b.run(t, created("e-1", sample.Shipment(international, now)))
	require.Equal(t, shipment.Cancelled, result.Status)
	require.Equal(t, "the workflow was cancelled", result.Cancellation.Reason)
	require.Len(t, result.Cancellation.Compensation.Voided, 2)
}

func TestCancellationIsRejectedTheSecondTime(t *testing.T) {
	t.Parallel()
	b := setup(t, "none")
	b.request(time.Second, cancellation("x-1", international))
	b.request(time.Second, cancellation("x-2", international))
	result := b.run(t, created("e-1", sample.Shipment(international, now)))
	require.Equal(t, shipment.Cancelled, result.Status)
	require.Equal(t, []string{events.CodeShipmentEnded}, b.codes(t))
}

func TestCancellationBeforeAnythingBegan(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.request(0, cancellation("x-1", international))
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Cancelled, result.Status)
		story := b.story(t, international)
		require.Equal(t, "accepted", story[0])
		require.Equal(t, "cancelled", story[len(story)-1])
		require.NotContains(t, b.carrier.calls, international+"/leg-1/book-collection")
	})
}

func TestRebookingReplacesAFailedBooking(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.settings.Rules.RebookingWindow = time.Hour
		b.request(time.Second, rebooking("r-0", rebookable, "2036-11-25")) // nothing has failed yet
		b.request(time.Minute, rebooking("r-1", rebookable, "2036-11-26"))
		result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
		require.Equal(t, shipment.Success, result.Status)
		require.NotEmpty(t, result.Outcome.CollectionBooking.BookingReference)
		require.Len(t, result.Outcome.ManifestedLegs, 2)
		require.Equal(t, rebookedStory, b.story(t, rebookable))
		require.Contains(t, b.carrier.calls, rebookable+"/leg-1/book-collection")
		require.Contains(t, b.carrier.calls, rebookable+"/leg-1/book-collection-2")
		require.Equal(t, []string{events.CodeNotRebookable}, b.codes(t))
		booked := b.Messages(t, events.StreamEvents, "shipments.collection-booked."+rebookable)
		require.Contains(t, string(booked[0].Data), "2036-11-26")
	})
}

func TestRebookingThatNobodyRequestsIsAFailure(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	b.settings.Rules.RebookingWindow = time.Hour
	result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
	require.Equal(t, shipment.Failed, result.Status)
	require.Equal(t, []shipment.Fault{bookingFault}, result.Failure.Faults)
	require.Equal(t, bookingStory, b.story(t, rebookable))
	require.GreaterOrEqual(t, b.env.Now().Sub(now), time.Hour)
}

func TestCancellationWhileARebookingIsAwaited(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	b.settings.Rules.RebookingWindow = time.Hour
	b.request(time.Minute, cancellation("x-1", rebookable))
	result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
	require.Equal(t, shipment.Cancelled, result.Status)
	require.Len(t, result.Cancellation.Compensation.Voided, 2)
	require.Equal(t, []string{"accepted", "manifested", "documents-generated", "collection-declined", "manifestation-voided", "cancelled"}, b.story(t, rebookable))
}

func TestCancellationOfAProcessThatEndsEarlyIsRejected(t *testing.T) {
	t.Parallel()
	b := setup(t, "none")
	b.settings.Rules = shipment.Rules{Carriers: sample.Carriers()}
	s := sample.Shipment(international, now)
	s.CollectionDate = "2036-11-23" // too late already
	b.request(0, cancellation("x-1", international))
	result := b.run(t, created("e-1", s))
	require.Equal(t, shipment.Failed, result.Status)
	require.Equal(t, []string{events.CodeShipmentEnded}, b.codes(t))
}

func TestCompensationCancelsABookingWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.carrier.book = func(carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
			return carriers.BookCollectionReply{}, errBusy
		}
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Failed, result.Status)
		require.Equal(t, "Carrier integration unavailable", result.Failure.Faults[0].Description)
		require.True(t, result.Failure.Compensation.CollectionCancelled, "it may have been booked")
		require.Contains(t, b.carrier.calls, international+"/leg-1/cancel-collection")
	})
}

func TestRebookingThatFailsIsRejectedAndTheShipmentStaysOpen(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	b.settings.Rules = shipment.Rules{Carriers: sample.Carriers(), RebookingWindow: 6 * time.Hour}
	b.carrier.Emulation = false
	bookings := 0
	b.carrier.book = func(call carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
		if bookings++; bookings < 3 {
			return carriers.BookCollectionReply{Declined: shipment.NewFault("Carrier collection booking failed", "2.3.4: no")}, nil
		}
		return carriers.Simulator{}.BookCollection(t.Context(), call)
	}
	// The window of the sample opens at 17:00Z, five hours after the start.
	b.request(6*time.Hour, rebooking("r-1", international, "2020-01-01"))
	b.request(7*time.Hour, rebooking("r-2", international, "2036-11-24"))
	b.request(8*time.Hour, rebooking("r-3", international, "2036-11-24"))
	result := b.run(t, created("e-1", sample.Shipment(international, now)))
	require.Equal(t, shipment.Success, result.Status)
	require.Equal(t, []string{events.CodeRebookingFailed, events.CodeRebookingFailed}, b.codes(t))
	require.Contains(t, b.Rejections(t)[0].Reasons[0].Message, "Missed booking cut-off")
	require.Contains(t, b.Rejections(t)[1].Reasons[0].Message, "2.3.4: no")
	booked := b.Messages(t, events.StreamEvents, "shipments.collection-booked."+international)
	require.Contains(t, string(booked[0].Data), `"request":{"id":"r-3","source":"/team"}`)
}

func TestRequestsThatWereRejectedMayBeMadeAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, "none")
	b.settings.Rules.RebookingWindow = time.Hour
	var sequences []uint64
	for range 2 {
		ack, err := b.JS.Publish(t.Context(), events.TypeRebookingRequested, []byte("the same"))
		require.NoError(t, err)
		sequences = append(sequences, ack.Sequence)
	}
	early, replayed := rebooking("r-1", rebookable, "2036-11-26"), rebooking("r-1", rebookable, "2036-11-26")
	early.StreamSequence, replayed.StreamSequence = sequences[0], sequences[1]
	b.request(time.Second, early)      // nothing has failed yet
	b.request(30*time.Second, early)   // the very message, which has been rejected
	b.request(time.Minute, replayed)   // its rejection was replayed
	b.request(time.Minute, replayed)   // a repeat
	b.request(2*time.Minute, replayed) // another
	result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
	require.Equal(t, shipment.Success, result.Status)
	rejections := b.Rejections(t)
	require.Len(t, rejections, 1)
	require.Equal(t, sequences[0], rejections[0].Input.StreamSequence)
}

func TestRequestsThatCannotBeDecodedAreIgnored(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.env.RegisterDelayedCallback(func() { b.env.SignalWorkflow(workflows.SignalRequested, "please cancel") }, 10*time.Second)
		b.request(11*time.Second, rebooking("r-1", international, "2036-11-26"))
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Success, result.Status)
		require.Equal(t, []string{events.CodeNotRebookable}, b.codes(t))
	})
}

func TestRequestsWithAKnownIDAreNoRepeats(t *testing.T) {
	t.Parallel()
	b := setup(t, "none")
	b.settings.Rules.RebookingWindow = time.Hour
	b.request(time.Second, rebooking("9", rebookable, "2036-11-25"))
	b.request(time.Minute, cancellation("9", rebookable))
	result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
	require.Equal(t, shipment.Cancelled, result.Status)
	require.Equal(t, []string{events.CodeNotRebookable}, b.codes(t))
}

func TestCancellationWhileARebookingIsBooked(t *testing.T) {
	t.Parallel()
	for composition, want := range map[string]struct {
		status shipment.Status
		codes  []string
	}{
		"none": {shipment.Success, []string{events.CodeShipmentEnded}}, // booked within the task: too late
		"all":  {shipment.Cancelled, nil},
	} {
		t.Run(composition, func(t *testing.T) {
			t.Parallel()
			b := setup(t, composition)
			b.settings.Rules.RebookingWindow = time.Hour
			b.carrier.book = func(call carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
				if call.Attempt == 1 {
					return carriers.BookCollectionReply{Declined: shipment.NewFault("no", "no")}, nil
				}
				received := make(chan struct{})
				b.env.SignalWorkflow(workflows.SignalRequested, cancellation("x-1", rebookable))
				b.env.RegisterDelayedCallback(func() { close(received) }, 0)
				<-received
				return carriers.BookCollectionReply{BookingReference: "b", LocationReference: "l"}, nil
			}
			b.request(time.Minute, rebooking("r-1", rebookable, "2036-11-26"))
			result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
			require.Equal(t, want.status, result.Status)
			require.Equal(t, want.codes, b.codes(t), "the rebooking had its effect")
			require.Contains(t, string(b.Messages(t, events.StreamEvents, "shipments.collection-booked."+rebookable)[0].Data), `"r-1"`)
		})
	}
}

func TestRequestsThatHadTheirEffectAreNotRejectedByADuplicate(t *testing.T) {
	t.Parallel()
	b := setup(t, "none")
	trigger := created("e-1", sample.Shipment(international, now))
	lineage := events.NewLineage(trigger.Event, "first") // Temporal has forgotten this run.
	request := cancellation("x-1", international)
	identity := request.Event.Ref()
	for i, outcome := range []events.Outcome{
		{Type: events.TypeAccepted, Data: events.Accepted{ShipmentID: international, RunID: "first", Trigger: trigger.Event.Ref(), ContentDigest: trigger.Event.Data.Digest()}},
		{Type: events.TypeCancelled, Data: events.Cancelled{
			ShipmentID: international, Status: shipment.Cancelled, Cancellation: &shipment.Cancellation{Reason: "r"}, Request: &identity,
		}},
	} {
		outcome.Lineage, outcome.Sequence, outcome.Time = lineage, i+1, now
		_, err := b.publisher.PublishOnce(t.Context(), outcome)
		require.NoError(t, err)
	}
	b.request(0, request)
	require.Equal(t, shipment.Duplicate, b.run(t, trigger).Status)
	require.Empty(t, b.Rejections(t))
}
