package workflows_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/events"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

// declined are the shipment's events of bookings that failed, in their order.
func (b *bundle) declined(t *testing.T, id string) []events.CollectionDeclined {
	t.Helper()
	var all []events.CollectionDeclined
	for _, msg := range b.Messages(t, events.StreamEvents, events.Subject(events.TypeCollectionDeclined, id)) {
		var ev event.Event
		var data events.CollectionDeclined
		require.NoError(t, json.Unmarshal(msg.Data, &ev))
		require.NoError(t, ev.DataAs(&data))
		all = append(all, data)
	}
	return all
}

func TestDeclinedBookingsAreToldWhenTheyHappen(t *testing.T) {
	t.Parallel()
	inEach(t, compositions, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.settings.Rules = shipment.Rules{Carriers: sample.Carriers(), RebookingWindow: 6 * time.Hour}
		b.carrier.Emulation = false
		bookings := 0
		b.carrier.book = func(call carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
			if bookings++; bookings < 3 {
				return carriers.BookCollectionReply{Declined: &bookingFault}, nil
			}
			return carriers.Simulator{}.BookCollection(t.Context(), call)
		}
		// The window of the sample opens at 17:00Z, five hours after the start.
		var early []events.CollectionDeclined
		b.at(6*time.Hour, func() { early = b.declined(t, international) })
		b.request(7*time.Hour, rebooking("r-1", international, "2036-11-25"))
		b.request(30*time.Hour, rebooking("r-2", international, "2036-11-26"))
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Success, result.Status)
		all := b.declined(t, international)
		require.Len(t, all, 2)
		require.Equal(t, all[:1], early)
		for i, date := range []string{"2036-11-24", "2036-11-25"} {
			require.Equal(t, date, all[i].CollectionDate)
			require.Equal(t, []shipment.Fault{bookingFault}, all[i].Faults)
		}
		require.WithinDuration(t, now.Add(11*time.Hour), *all[0].RebookableUntil, time.Second)
		require.Nil(t, all[0].Request)
		require.Equal(t, &events.EventRef{ID: "r-1", Source: "/team"}, all[1].Request)
		require.Equal(t, []string{
			"accepted", "manifested", "documents-generated", "collection-declined", "collection-declined", "collection-booked", "completed",
		}, b.story(t, international))
	})
}

func TestDeclinedBookingThatIsFinalSaysSo(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		id := emulation.NewID(emulation.International, "final", emulation.DeclinesCollection)
		result := b.run(t, created("e-1", sample.Shipment(id, now)))
		require.Equal(t, shipment.Failed, result.Status)
		require.Equal(t, bookingStory, b.story(t, id))
		all := b.declined(t, id)
		require.Len(t, all, 1)
		require.Nil(t, all[0].RebookableUntil, "no rebooking is possible")
	})
}

// A subscriber may request the rebooking as soon as the event is stored, while the
// process still tries to store it.
func TestDeclinedBookingCanBeReplacedAtOnce(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.settings.Rules.RebookingWindow = time.Hour
		o := b.fail(events.TypeCollectionDeclined)
		b.request(time.Minute, rebooking("r-1", rebookable, "2036-11-26"))
		b.at(2*time.Minute, o.end)
		result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
		require.Equal(t, shipment.Success, result.Status)
		require.Equal(t, rebookedStory, b.story(t, rebookable))
		require.Empty(t, b.Rejections(t))
	})
}

func TestDeclinedBookingWhoseEventIsNotStoredCanBeCancelled(t *testing.T) {
	t.Parallel()
	stops(t, func(t *testing.T, composition string, stop func(*bundle, time.Duration, string)) {
		b := setup(t, composition)
		b.settings.Rules.RebookingWindow = time.Hour
		o := b.fail(events.TypeCollectionDeclined)
		stop(b, time.Minute, rebookable)
		b.at(2*time.Minute, o.end)
		result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
		require.Equal(t, shipment.Cancelled, result.Status)
		require.Len(t, result.Cancellation.Compensation.Voided, 2)
		require.Equal(t, []string{
			"accepted", "manifested", "documents-generated", "collection-declined", "manifestation-voided", "cancelled",
		}, b.story(t, rebookable))
	})
}

// The failure is decided: an earlier attempt of the task may have published it.
func TestDeclinedBookingThatIsFinalCannotBeCancelled(t *testing.T) {
	t.Parallel()
	id := emulation.NewID(emulation.International, "final", emulation.DeclinesCollection)
	stops(t, func(t *testing.T, composition string, stop func(*bundle, time.Duration, string)) {
		b := setup(t, composition)
		o := b.fail(events.TypeCollectionDeclined)
		stop(b, time.Minute, id)
		b.at(2*time.Minute, o.end)
		result := b.run(t, created("e-1", sample.Shipment(id, now)))
		require.Equal(t, shipment.Failed, result.Status)
		require.Equal(t, bookingStory, b.story(t, id))
		require.Subset(t, []string{events.CodeShipmentEnded}, b.codes(t))
	})
}

func TestRebookingForADayThatHasPassedIsRejected(t *testing.T) {
	t.Parallel()
	for date, why := range map[string]string{
		"2020-01-20": "Missed booking cut-off", "2036-11-23": "Missed booking cut-off", "2036-13-01": "collection date",
	} {
		t.Run(date, func(t *testing.T) {
			t.Parallel()
			inBoth(t, func(t *testing.T, composition string) {
				b := setup(t, composition)
				b.settings.Rules.RebookingWindow = time.Hour
				b.request(time.Minute, rebooking("r-1", rebookable, date))
				b.request(2*time.Minute, rebooking("r-2", rebookable, "2036-11-26"))
				result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
				require.Equal(t, shipment.Success, result.Status, "it stays open for another request")
				rejections := b.Rejections(t)
				require.Len(t, rejections, 1)
				require.Equal(t, events.CodeRebookingFailed, rejections[0].Reasons[0].Code)
				require.Equal(t, "/collectionDate", rejections[0].Reasons[0].Path)
				require.Contains(t, rejections[0].Reasons[0].Message, why)
			})
		})
	}
}
