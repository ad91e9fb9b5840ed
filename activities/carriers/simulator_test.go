package carriers_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// goesWell is an id of an international shipment that no carrier declines.
var goesWell = emulation.NewID(emulation.International, "a", emulation.Succeeds)

// manifest is the request to manifest a leg of a sample shipment.
func manifest(id string, leg int) carriers.ManifestLegRequest {
	s := sample.Shipment(id, now)
	return carriers.ManifestLegRequest{ShipmentID: id, Leg: leg, Details: s.Legs[leg-1], Packages: s.Packages}
}

func TestSimulatorRepeatsItsAnswer(t *testing.T) {
	t.Parallel()
	simulator := carriers.Simulator{}
	t.Run("manifestation", func(t *testing.T) {
		t.Parallel()
		first, err := simulator.ManifestLeg(t.Context(), manifest(goesWell, 1))
		require.NoError(t, err)
		again, err := simulator.ManifestLeg(t.Context(), manifest(goesWell, 1))
		require.NoError(t, err)
		require.Equal(t, first, again)
		require.Len(t, first.TrackingNumbers, 2, "one per package")
		require.NotEqual(t, first.TrackingNumbers[0], first.TrackingNumbers[1])

		other, err := simulator.ManifestLeg(t.Context(), manifest(goesWell, 2))
		require.NoError(t, err)
		require.NotEqual(t, first, other, "another leg has other numbers")
	})
	t.Run("booking", func(t *testing.T) {
		t.Parallel()
		request := carriers.BookCollectionRequest{ShipmentID: goesWell, Attempt: 1}
		first, err := simulator.BookCollection(t.Context(), request)
		require.NoError(t, err)
		again, err := simulator.BookCollection(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, first, again)
		require.NotEqual(t, first.BookingReference, first.LocationReference)

		request.Attempt = 2
		other, err := simulator.BookCollection(t.Context(), request)
		require.NoError(t, err)
		require.NotEqual(t, first, other, "a rebooking is another effect")
	})
}

func TestSimulatorCountsNoPackagesAsOne(t *testing.T) {
	t.Parallel()
	request := manifest(goesWell, 1)
	request.Packages = nil
	reply, err := carriers.Simulator{}.ManifestLeg(t.Context(), request)
	require.NoError(t, err)
	require.Len(t, reply.TrackingNumbers, 1)
}

// TestSimulatorDeclines checks every route and ending of an id.
func TestSimulatorDeclines(t *testing.T) {
	t.Parallel()
	// declines says which calls are declined: the manifestation of a leg, the first
	// booking, and the second one.
	type declines struct{ manifestation, booking, rebooking bool }
	for ending, want := range map[emulation.Ending]declines{
		emulation.Succeeds:                {},
		emulation.DeclinesManifestation:   {manifestation: true},
		emulation.DeclinesCollection:      {booking: true, rebooking: true},
		emulation.DeclinesFirstCollection: {booking: true},
	} {
		for _, route := range []emulation.Route{emulation.Domestic, emulation.Paperless, emulation.International} {
			for name, simulator := range map[string]carriers.Simulator{"emulating": {Emulation: true}, "not emulating": {}} {
				id := emulation.NewID(route, "b", ending)
				t.Run(id+" "+name, func(t *testing.T) {
					t.Parallel()
					want := want
					if !simulator.Emulation {
						want = declines{}
					}
					manifested, err := simulator.ManifestLeg(t.Context(), manifest(id, 1))
					require.NoError(t, err)
					booked, err := simulator.BookCollection(t.Context(), carriers.BookCollectionRequest{ShipmentID: id, Attempt: 1})
					require.NoError(t, err)
					rebooked, err := simulator.BookCollection(t.Context(), carriers.BookCollectionRequest{ShipmentID: id, Attempt: 2})
					require.NoError(t, err)
					voided, err := simulator.VoidLeg(t.Context(), carriers.VoidLegRequest{ShipmentID: id, Leg: 1})
					require.NoError(t, err)
					cancelled, err := simulator.CancelCollection(t.Context(), carriers.CancelCollectionRequest{ShipmentID: id, Attempt: 1})
					require.NoError(t, err)
					require.Equal(t, want, declines{manifested.WasDeclined(), booked.WasDeclined(), rebooked.WasDeclined()})
					require.False(t, voided.WasDeclined() || cancelled.WasDeclined(), "nothing that was done is kept from being undone")
				})
			}
		}
	}
}

func TestSimulatorFaults(t *testing.T) {
	t.Parallel()
	simulator := carriers.Simulator{Emulation: true}
	manifested, err := simulator.ManifestLeg(t.Context(), manifest(emulation.NewID(emulation.Domestic, "c", emulation.DeclinesManifestation), 1))
	require.NoError(t, err)
	require.Equal(t, "Carrier manifestation failed", manifested.Declined.Description)
	require.Equal(t, []string{"1.2.3: Manifestation failed"}, manifested.Declined.Errors)
	booked, err := simulator.BookCollection(t.Context(),
		carriers.BookCollectionRequest{ShipmentID: emulation.NewID(emulation.Domestic, "c", emulation.DeclinesCollection), Attempt: 1})
	require.NoError(t, err)
	require.Equal(t, "Carrier collection booking failed", booked.Declined.Description)
	require.Equal(t, []string{"2.3.4: Collection not possible on the requested day"}, booked.Declined.Errors)
}

func TestSimulatorReturnsCancellations(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := carriers.Simulator{}.ManifestLeg(ctx, manifest(goesWell, 1))
	require.ErrorIs(t, err, context.Canceled)
	_, err = carriers.Simulator{}.BookCollection(ctx, carriers.BookCollectionRequest{ShipmentID: goesWell, Attempt: 1})
	require.ErrorIs(t, err, context.Canceled)
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	for want, request := range map[string]interface{ IdempotencyKey() string }{
		"x/leg-2/manifest":            carriers.ManifestLegRequest{ShipmentID: "x", Leg: 2},
		"x/leg-2/void":                carriers.VoidLegRequest{ShipmentID: "x", Leg: 2},
		"x/leg-1/book-collection":     carriers.BookCollectionRequest{ShipmentID: "x", Attempt: 1},
		"x/leg-1/book-collection-2":   carriers.BookCollectionRequest{ShipmentID: "x", Attempt: 2},
		"x/leg-1/cancel-collection":   carriers.CancelCollectionRequest{ShipmentID: "x", Attempt: 1},
		"x/leg-1/cancel-collection-2": carriers.CancelCollectionRequest{ShipmentID: "x", Attempt: 2},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, request.IdempotencyKey())
		})
	}
}
