package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// refused is a shipment whose collection cannot be booked or rebooked.
var refused = emulation.NewID(emulation.International, "shipment", emulation.DeclinesCollection)

// numbered has the carriers give a tracking number to each leg.
func (b *bundle) numbered() {
	b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
		return carriers.ManifestLegReply{TrackingNumbers: []string{[]string{"t-1", "t-2"}[call.Leg-1]}}, nil
	}
}

func TestUncollectedShipmentIsVoidedOrStands(t *testing.T) {
	t.Parallel()
	first, second := sample.Carriers()[0].ID, sample.Carriers()[1].ID
	onItsWay := shipment.NewFault("Carrier voiding failed", "8: on its way")
	for name, test := range map[string]struct {
		setting workflows.Uncollected
		void    func(carriers.VoidLegRequest) (carriers.VoidLegReply, error)
		want    shipment.Compensation
		story   []string
	}{
		"voided by default": {want: shipment.Compensation{Voided: []shipment.VoidedLeg{
			{CarrierID: first, TrackingNumbers: []string{"t-1"}}, {CarrierID: second, TrackingNumbers: []string{"t-2"}},
		}}, story: bookingStory},
		"one cannot be voided": {
			setting: workflows.VoidUncollected,
			void: func(call carriers.VoidLegRequest) (carriers.VoidLegReply, error) {
				if call.Leg == 1 {
					return carriers.VoidLegReply{Declined: onItsWay}, nil
				}
				return carriers.VoidLegReply{}, nil
			},
			want: shipment.Compensation{
				Voided: []shipment.VoidedLeg{{CarrierID: second, TrackingNumbers: []string{"t-2"}}},
				NotVoided: []shipment.NotVoidedLeg{
					{VoidedLeg: shipment.VoidedLeg{CarrierID: first, TrackingNumbers: []string{"t-1"}}, Fault: *onItsWay},
				},
			},
			story: bookingStory,
		},
		"kept": {setting: workflows.KeepUncollected, want: shipment.Compensation{Standing: []shipment.StandingLeg{
			{CarrierID: first, TrackingNumbers: []string{"t-1"}}, {CarrierID: second, TrackingNumbers: []string{"t-2"}},
		}}, story: []string{"accepted", "manifested", "documents-generated", "collection-declined", "failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inEach(t, compositions, func(t *testing.T, composition string) {
				b := setup(t, composition)
				b.numbered()
				b.settings.Uncollected, b.carrier.void = test.setting, test.void
				result := b.run(t, created("e-1", sample.Shipment(refused, now)))
				require.Equal(t, shipment.Failed, result.Status)
				require.Equal(t, []shipment.Fault{bookingFault}, result.Failure.Faults)
				require.Equal(t, &test.want, result.Failure.Compensation)
				require.Equal(t, test.story, b.story(t, refused))
				require.Equal(t, test.setting == workflows.KeepUncollected, len(b.carrier.purposes("void")) == 0)
				status, err := streams.ReadStatus(t.Context(), b.JS, refused)
				require.NoError(t, err)
				require.Equal(t, result, status)
			})
		})
	}
}

func TestUncollectedShipmentStandsUntilTheWindowCloses(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.settings.Rules.RebookingWindow = time.Hour
		b.carrier.book = func(carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
			return carriers.BookCollectionReply{Declined: &bookingFault}, nil
		}
		b.request(30*time.Minute, rebooking("r-1", rebookable, "2036-11-26")) // is declined, and opens another window
		b.at(30*time.Minute+30*time.Second+59*time.Minute, func() { require.Empty(t, b.carrier.purposes("void")) })
		result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
		require.Equal(t, shipment.Failed, result.Status)
		require.Len(t, result.Failure.Compensation.Voided, 2)
		require.Len(t, b.carrier.purposes("void"), 2)
		require.Equal(t, []string{
			"accepted", "manifested", "documents-generated", "collection-declined", "collection-declined", "manifestation-voided", "failed",
		}, b.story(t, rebookable))
		require.Equal(t, []string{events.CodeRebookingFailed}, b.codes(t))
		require.GreaterOrEqual(t, b.env.Now().Sub(now), 90*time.Minute)
	})
}

// When the time to book has passed, nobody was asked for a booking.
func TestUncollectedShipmentStandsWhenTheTimeToBookHasPassed(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.numbered()
		b.carrier.Emulation = false
		late := sample.Carriers()
		for i := range late {
			late[i].Booking = shipment.BookingWindow{Opens: "13:00", CutOff: "12:00"}
		}
		b.settings.Rules = shipment.Rules{Carriers: late, RebookingWindow: time.Hour}
		b.settings.Uncollected = workflows.KeepUncollected
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Failed, result.Status)
		require.Equal(t, []string{"t-2"}, result.Failure.Compensation.Standing[1].TrackingNumbers)
		require.Equal(t, []string{"accepted", "manifested", "documents-generated", "failed"}, b.story(t, international))
	})
}

// A booking that may stand cannot be replaced: another one could be one too many.
func TestUncollectedShipmentNamesABookingThatMayStand(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.settings.Rules.RebookingWindow = time.Hour
		b.settings.CarrierDeadline = 5 * time.Minute
		b.carrier.book = func(carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
			return carriers.BookCollectionReply{}, errBusy
		}
		b.carrier.cancel = func(carriers.CancelCollectionRequest) (carriers.CancelCollectionReply, error) {
			return carriers.CancelCollectionReply{Declined: shipment.NewFault("Carrier cancellation failed", "9: no")}, nil
		}
		result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
		require.Equal(t, shipment.Failed, result.Status)
		require.Equal(t, "9: no", result.Failure.Compensation.NotCancelled.Errors[0])
		require.Len(t, result.Failure.Compensation.Voided, 2)
		require.Equal(t, bookingStory, b.story(t, rebookable))
		require.Nil(t, b.declined(t, rebookable)[0].RebookableUntil)
	})
}

// The legs are voided because the failure is decided: nothing stops the process,
// and a request that comes then is rejected.
func TestUncollectedShipmentCannotBeCancelledWhileItIsVoided(t *testing.T) {
	t.Parallel()
	stops(t, func(t *testing.T, composition string, stop func(*bundle, time.Duration, string)) {
		b := setup(t, composition)
		o := b.fail("VoidLeg")
		stop(b, 40*time.Second, refused)
		b.at(50*time.Second, o.end) // The test environment gives up after ten attempts.
		result := b.run(t, created("e-1", sample.Shipment(refused, now)))
		require.Equal(t, shipment.Failed, result.Status)
		require.Len(t, result.Failure.Compensation.Voided, 2)
		require.Equal(t, bookingStory, b.story(t, refused))
		require.Subset(t, []string{events.CodeShipmentEnded}, b.codes(t))
	})
}
