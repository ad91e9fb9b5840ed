package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/shipment"
)

// carrierCalls names the activities of carrier integration.
var carrierCalls *activities.Carriers

// The parts of carrier integration.
var (
	manifestLeg    = part[carriers.ManifestLeg, carriers.Manifested]{shipment.StageCarrier, ManifestLeg}
	voidLeg        = part[carriers.VoidLeg, carriers.Voided]{shipment.StageCarrier, VoidLeg}
	bookCollection = part[carriers.BookCollection, carriers.Booked]{shipment.StageCarrier, BookCollection}
)

// ManifestLeg hands one leg over to its carrier.
func ManifestLeg(ctx workflow.Context, call carriers.ManifestLeg) (carriers.Manifested, error) {
	var reply carriers.Manifested
	ctx = withCarrierCall(ctx, fmt.Sprintf("leg %d with carrier %s", call.Leg, call.Details.CarrierID))
	err := workflow.ExecuteActivity(ctx, carrierCalls.ManifestLeg, call).Get(ctx, &reply)
	return reply, err
}

// VoidLeg takes one manifested leg back.
func VoidLeg(ctx workflow.Context, call carriers.VoidLeg) (carriers.Voided, error) {
	var reply carriers.Voided
	ctx = withCarrierCall(ctx, fmt.Sprintf("leg %d with carrier %s", call.Leg, call.CarrierID))
	err := workflow.ExecuteActivity(ctx, carrierCalls.VoidLeg, call).Get(ctx, &reply)
	return reply, err
}

// BookCollection books the collection with the carrier.
func BookCollection(ctx workflow.Context, call carriers.BookCollection) (carriers.Booked, error) {
	var reply carriers.Booked
	ctx = withCarrierCall(ctx, fmt.Sprintf("collection on %s by carrier %s", call.CollectionDate, call.CarrierID))
	err := workflow.ExecuteActivity(ctx, carrierCalls.BookCollection, call).Get(ctx, &reply)
	return reply, err
}
