package carriers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"shipments/shipment"
	"shipments/shipment/emulation"
)

// The faults with which the simulator declines.
const (
	manifestationFailed = "Carrier manifestation failed"
	bookingFailed       = "Carrier collection booking failed"
)

// Simulator is a carrier without a system: no parcel moves. It derives numbers and
// references from the idempotency key, so that a repeated call gets the same answer
// although the simulator keeps nothing.
//
// It is safe for concurrent use.
type Simulator struct {
	// Emulation makes it decline what the ending of the shipment id says (see
	// package emulation). Otherwise it declines nothing.
	Emulation bool
	// Labels makes it give its own labels, of this content type: one for each
	// package. Without it, it gives none.
	Labels string
	// SharedNumber gives all packages of a leg one tracking number.
	SharedNumber bool
}

var _ Client = Simulator{}

// ManifestLeg answers with one tracking number per package.
func (s Simulator) ManifestLeg(ctx context.Context, request ManifestLegRequest) (ManifestLegReply, error) {
	if err := ctx.Err(); err != nil {
		return ManifestLegReply{}, err
	}
	if s.Emulation && emulation.ID(request.ShipmentID).Ending() == emulation.DeclinesManifestation {
		return ManifestLegReply{Declined: shipment.NewFault(manifestationFailed, "1.2.3: Manifestation failed")}, nil
	}
	numbers := make([]string, max(1, len(request.Packages)))
	for i := range numbers {
		n := i + 1
		if s.SharedNumber {
			n = 1
		}
		numbers[i] = reference(request.IdempotencyKey(), fmt.Sprintf("package-%d", n))
	}
	labels, err := s.labels(numbers)
	return ManifestLegReply{TrackingNumbers: numbers, Labels: labels}, err
}

// VoidLeg always succeeds.
func (s Simulator) VoidLeg(ctx context.Context, _ VoidLegRequest) (VoidLegReply, error) {
	return VoidLegReply{}, ctx.Err()
}

// BookCollection answers with a booking and a location.
func (s Simulator) BookCollection(ctx context.Context, request BookCollectionRequest) (BookCollectionReply, error) {
	if err := ctx.Err(); err != nil {
		return BookCollectionReply{}, err
	}
	ending := emulation.ID(request.ShipmentID).Ending()
	isFirst := request.Attempt <= 1
	if s.Emulation && (ending == emulation.DeclinesCollection || ending == emulation.DeclinesFirstCollection && isFirst) {
		return BookCollectionReply{Declined: shipment.NewFault(bookingFailed, "2.3.4: Collection not possible on the requested day")}, nil
	}
	return BookCollectionReply{
		BookingReference:  reference(request.IdempotencyKey(), "booking"),
		LocationReference: reference(request.IdempotencyKey(), "location"),
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
