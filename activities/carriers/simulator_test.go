package carriers_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/shipment/sample"
)

func manifest(id string, leg int) carriers.ManifestLegRequest {
	s := sample.Shipment(id, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	return carriers.ManifestLegRequest{ShipmentID: id, Leg: leg, Details: s.Legs[leg-1], Packages: s.Packages}
}

func TestARepeatedCallGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	first, err := carriers.Simulator{}.ManifestLeg(t.Context(), manifest("c3", 1))
	require.NoError(t, err)
	again, err := carriers.Simulator{}.ManifestLeg(t.Context(), manifest("c3", 1))
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Len(t, first.TrackingNumbers, 2, "one per package")
	require.NotEqual(t, first.TrackingNumbers[0], first.TrackingNumbers[1])

	other, err := carriers.Simulator{}.ManifestLeg(t.Context(), manifest("c3", 2))
	require.NoError(t, err)
	require.NotEqual(t, first, other, "another leg has other numbers")

	booking := carriers.BookCollectionRequest{ShipmentID: "c3"}
	one, err := carriers.Simulator{}.BookCollection(t.Context(), booking)
	require.NoError(t, err)
	two, err := carriers.Simulator{}.BookCollection(t.Context(), booking)
	require.NoError(t, err)
	require.Equal(t, one, two)
	require.NotEqual(t, one.BookingReference, one.LocationReference)
}

func TestAShipmentWithoutPackagesIsOnePackage(t *testing.T) {
	t.Parallel()
	call := manifest("1x", 1)
	call.Packages = nil
	reply, err := carriers.Simulator{}.ManifestLeg(t.Context(), call)
	require.NoError(t, err)
	require.Len(t, reply.TrackingNumbers, 1)
}

func TestSimulatorDeclinesOnlyWhileEmulating(t *testing.T) {
	t.Parallel()
	for emulation, declined := range map[bool]bool{true: true, false: false} {
		s := carriers.Simulator{Emulation: emulation}
		manifested, err := s.ManifestLeg(t.Context(), manifest("c31", 1))
		require.NoError(t, err)
		require.Equal(t, declined, manifested.Declined != nil)
		booked, err := s.BookCollection(t.Context(), carriers.BookCollectionRequest{ShipmentID: "c32"})
		require.NoError(t, err)
		require.Equal(t, declined, booked.Declined != nil)
	}
}

func TestACancelledCallIsAnError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := carriers.Simulator{}.ManifestLeg(ctx, manifest("c3", 1))
	require.ErrorIs(t, err, context.Canceled)
}

func TestIdempotencyKeysNameShipmentLegAndPurpose(t *testing.T) {
	t.Parallel()
	require.Equal(t, "c3/leg-2/manifest", manifest("c3", 2).IdempotencyKey())
	require.Equal(t, "c3/leg-2/void", carriers.VoidLegRequest{ShipmentID: "c3", Leg: 2}.IdempotencyKey())
	require.Equal(t, "c3/leg-1/book-collection", carriers.BookCollectionRequest{ShipmentID: "c3"}.IdempotencyKey())
}
