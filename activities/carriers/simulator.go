package carriers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"shipments/shipment"
	"shipments/shipment/emulation"
)

// What the simulator declines with.
const (
	manifestationFailed = "Carrier manifestation failed"
	bookingFailed       = "Carrier collection booking failed"
)

// Simulator is a carrier that lives in the process. What it hands out is
// derived from the idempotency key, so that the same call always gets the same
// answer without anything being remembered.
//
// While emulating, the shipment id decides what it declines; see
// package emulation. It is safe for concurrent use.
type Simulator struct {
	// Emulation makes the simulator decline what the shipment id asks it to.
	Emulation bool
}

var _ Client = Simulator{}

// ManifestLeg answers with one tracking number per package.
func (s Simulator) ManifestLeg(ctx context.Context, call ManifestLegRequest) (ManifestLegReply, error) {
	if err := ctx.Err(); err != nil {
		return ManifestLegReply{}, err
	}
	if s.Emulation && emulation.ID(call.ShipmentID).Ending() == emulation.DeclinesManifestation {
		return ManifestLegReply{Declined: shipment.NewFault(manifestationFailed, "1.2.3: Manifestation failed")}, nil
	}
	numbers := make([]string, max(1, len(call.Packages)))
	for i := range numbers {
		numbers[i] = reference(call.IdempotencyKey(), fmt.Sprintf("package-%d", i+1))
	}
	return ManifestLegReply{TrackingNumbers: numbers}, nil
}

// VoidLeg always succeeds.
func (s Simulator) VoidLeg(ctx context.Context, _ VoidLegRequest) (VoidLegReply, error) {
	return VoidLegReply{}, ctx.Err()
}

// BookCollection answers with a booking and a location.
func (s Simulator) BookCollection(ctx context.Context, call BookCollectionRequest) (BookCollectionReply, error) {
	if err := ctx.Err(); err != nil {
		return BookCollectionReply{}, err
	}
	emulated := emulation.ID(call.ShipmentID)
	if s.Emulation && (emulated.Ending() == emulation.DeclinesCollection || (emulated.Ending() == emulation.DeclinesFirstCollection && call.Attempt <= 1)) {
		return BookCollectionReply{Declined: shipment.NewFault(bookingFailed, "2.3.4: Collection not possible on the requested day")}, nil
	}
	return BookCollectionReply{
		BookingReference:  reference(call.IdempotencyKey(), "booking"),
		LocationReference: reference(call.IdempotencyKey(), "location"),
	}, nil
}

// CancelCollection always succeeds.
func (s Simulator) CancelCollection(ctx context.Context, _ CancelCollectionRequest) (CancelCollectionReply, error) {
	return CancelCollectionReply{}, ctx.Err()
}

// reference derives 32 hexadecimal digits from an idempotency key.
func reference(key, purpose string) string {
	sum := sha256.Sum256([]byte(key + "#" + purpose))
	return hex.EncodeToString(sum[:16])
}
