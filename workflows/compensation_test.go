package workflows_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/events"
	"shipments/shipment"
	"shipments/shipment/sample"
)

func TestCompensationVoidsAManifestedLegWhenTheOtherIsDeclined(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
			if call.Leg == 2 {
				return carriers.ManifestLegReply{Declined: shipment.NewFault("Carrier manifestation failed", "7: no")}, nil
			}
			return carriers.ManifestLegReply{TrackingNumbers: []string{"t-1"}}, nil
		}
		var voided carriers.VoidLegRequest
		b.carrier.void = func(call carriers.VoidLegRequest) (carriers.VoidLegReply, error) {
			voided = call
			return carriers.VoidLegReply{}, nil
		}
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Failed, result.Status)
		require.Equal(t, []shipment.Fault{*shipment.NewFault("Carrier manifestation failed", "7: no")}, result.Failure.Faults)
		require.Equal(t, 1, voided.Leg)
		require.Equal(t, []string{"t-1"}, voided.TrackingNumbers)
		slices.Sort(b.carrier.calls)
		require.Equal(t, []string{international + "/leg-1/manifest", international + "/leg-1/void", international + "/leg-2/manifest"}, b.carrier.calls)
		require.Equal(t, []string{"accepted", "manifestation-voided", "failed"}, b.story(t, international))
		require.Equal(t, &shipment.Compensation{
			Voided: []shipment.VoidedLeg{{CarrierID: sample.Carriers()[0].ID, TrackingNumbers: []string{"t-1"}}},
		}, result.Failure.Compensation)
	})
}

func TestCompensationNamesALegThatCannotBeVoided(t *testing.T) {
	t.Parallel()
	b := setup(t, "none")
	b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
		if call.Leg == 2 {
			return carriers.ManifestLegReply{Declined: shipment.NewFault("Carrier manifestation failed", "7: no")}, nil
		}
		return carriers.ManifestLegReply{TrackingNumbers: []string{"t-1"}}, nil
	}
	b.carrier.void = func(carriers.VoidLegRequest) (carriers.VoidLegReply, error) {
		return carriers.VoidLegReply{Declined: shipment.NewFault("Carrier voiding failed", "8: on its way")}, nil
	}
	result := b.run(t, created("e-1", sample.Shipment(international, now)))
	require.Equal(t, []string{"accepted", "failed"}, b.story(t, international), "nothing was voided")
	require.Len(t, result.Failure.Faults, 1)
	require.Equal(t, "8: on its way", result.Failure.Compensation.NotVoided[0].Fault.Errors[0])
}

func TestCompensationForACarrierThatGivesNoAnswer(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.settings.CarrierDeadline = 5 * time.Minute
		b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
			if call.Leg == 2 {
				return carriers.ManifestLegReply{}, errors.New("gateway timeout")
			}
			return carriers.ManifestLegReply{TrackingNumbers: []string{"t-1"}}, nil
		}
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Failed, result.Status)
		fault := result.Failure.Faults[0]
		require.Equal(t, "Carrier integration unavailable", fault.Description)
		require.Contains(t, fault.Errors[0], "manifest leg 2 with carrier 9d6d28f2fbee4e53aeac2c3b3ba98d28: tried for 5m0s; its last answer was: gateway timeout")
		require.Len(t, result.Failure.Compensation.Voided, 2, "the leg whose answer never came may have been manifested")
		require.Equal(t, []string{"accepted", "manifestation-voided", "failed"}, b.story(t, international))
	})
}

func TestCollectionHasAFaultOfItsOwnForATimerThatFiresTooLate(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	b.carrier.Emulation = false
	// A window that opens after its cut-off has the timer fire when it is over,
	// as it does when the service was down in between.
	late := sample.Carriers()
	for i := range late {
		late[i].Booking = shipment.BookingWindow{Opens: "13:00", CutOff: "12:00"}
	}
	b.settings.Rules = shipment.Rules{Carriers: late}
	result := b.run(t, created("e-1", sample.Shipment(international, now)))
	require.Equal(t, []shipment.Fault{*shipment.NewFault("Collection could not be booked in time", "3.4.5: Missed booking cut-off time")}, result.Failure.Faults)
	require.Len(t, result.Failure.Compensation.Voided, 2)
	require.NotContains(t, b.carrier.calls, international+"/leg-1/book-collection")
	require.Equal(t, []string{"accepted", "manifested", "documents-generated", "manifestation-voided", "failed"}, b.story(t, international))
}

// A task that booked the collection and published it is lost, and done again when
// it is too late for a booking: the collection stays booked.
func TestCollectionIsNotTooLateOnceItsBookingIsPublished(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.carrier.Emulation = false
		late := sample.Carriers()
		for i := range late {
			late[i].Booking = shipment.BookingWindow{Opens: "13:00", CutOff: "12:00"}
		}
		b.settings.Rules = shipment.Rules{Carriers: late}
		trigger := created("e-1", sample.Shipment(international, now))
		b.env.RegisterDelayedCallback(func() {
			_, err := b.publisher.PublishOnce(t.Context(), events.Outcome{
				Lineage: events.NewLineage(trigger.Event, "default-test-run-id"), Type: events.TypeCollectionBooked, Sequence: 4, Time: now,
				Data: events.CollectionBooked{ShipmentID: international, CollectionDate: trigger.Event.Data.CollectionDate},
			})
			require.NoError(t, err)
		}, time.Minute)
		result := b.run(t, trigger)
		require.Equal(t, shipment.Success, result.Status)
		require.NotEmpty(t, result.Outcome.CollectionBooking.BookingReference)
		require.Equal(t, []string{"accepted", "manifested", "documents-generated", "collection-booked", "completed"}, b.story(t, international))
		require.NotContains(t, b.carrier.calls, international+"/leg-1/void")
	})
}

func TestCompensationVoidsTheLegsWhenTheTimeToBookHasPassed(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	b.settings.Rules = shipment.Rules{Carriers: sample.Carriers()}
	b.carrier.Emulation = false
	b.env.SetStartTime(time.Date(2036, 11, 24, 10, 59, 58, 0, time.UTC)) // two seconds before the cut-off
	attempts := 0
	b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
		if attempts++; attempts < 4 {
			return carriers.ManifestLegReply{}, errors.New("busy") // until it is too late
		}
		return carriers.ManifestLegReply{TrackingNumbers: []string{"t-1"}}, nil
	}
	s := sample.Shipment(international, now)
	s.Legs = s.Legs[:1]
	result := b.run(t, created("e-1", s))
	require.Equal(t, "3.4.5: Missed booking cut-off time", result.Failure.Faults[0].Errors[0])
	require.Len(t, result.Failure.Compensation.Voided, 1)
	require.Equal(t, []string{"accepted", "manifested", "documents-generated", "manifestation-voided", "failed"}, b.story(t, international))
}
