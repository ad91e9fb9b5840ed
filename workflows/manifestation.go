package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"shipments/activities/carriers"
	"shipments/activities/documents"
	"shipments/shipment"
)

// ManifestationInput is the input of [Manifestation].
type ManifestationInput struct {
	Settings Settings          `json:"settings"`
	Shipment shipment.Shipment `json:"shipment"`
	// InvoiceURL is set for paperless trade.
	InvoiceURL string `json:"invoiceUrl,omitempty"`
}

// ManifestationResult is the result of [Manifestation]: all legs, or faults.
type ManifestationResult struct {
	Legs   []shipment.ManifestedLeg `json:"legs,omitempty"`
	Faults []shipment.Fault         `json:"faults,omitempty"`
}

var manifestation = part[ManifestationInput, ManifestationResult]{shipment.StageManifestation, Manifestation}

// Manifestation manifests the shipment as a whole: its legs, in parallel. If a
// carrier refuses one of them, those that were manifested are voided again.
func Manifestation(ctx workflow.Context, in ManifestationInput) (ManifestationResult, error) {
	s := in.Shipment
	pending := make([]workflow.Future, len(s.Legs))
	for i, leg := range s.Legs {
		pending[i] = manifestLeg.start(ctx, in.Settings.ChildWorkflows,
			carrierID(s.ShipmentID, "manifest", i+1), fmt.Sprintf("manifest leg %d of shipment %s", i+1, s.ShipmentID),
			carriers.ManifestLeg{
				ShipmentID: s.ShipmentID, Leg: i + 1, Details: leg,
				Packages: s.Packages, Goods: s.Goods, InvoiceURL: in.InvoiceURL,
			})
	}
	replies := make([]carriers.Manifested, len(pending))
	var faults []shipment.Fault
	for i, future := range pending {
		if err := future.Get(ctx, &replies[i]); err != nil {
			return ManifestationResult{}, fmt.Errorf("manifest leg %d: %w", i+1, err)
		}
		if replies[i].Refusal != nil {
			faults = append(faults, *replies[i].Refusal)
		}
	}
	if len(faults) > 0 {
		unvoided, err := voidManifested(ctx, in, replies)
		return ManifestationResult{Faults: shipment.MergeFaults(append(faults, unvoided...))}, err
	}
	legs := make([]shipment.ManifestedLeg, len(replies))
	for i, reply := range replies {
		legs[i] = shipment.ManifestedLeg{
			CarrierID:       s.Legs[i].CarrierID,
			TrackingNumbers: reply.TrackingNumbers,
			LabelsURL:       documents.LegLabelsURL(in.Settings.PublicURL, s.ShipmentID, s.Legs[i].CarrierID),
		}
	}
	return ManifestationResult{Legs: legs}, nil
}

// voidManifested takes the legs back that were manifested before another one
// was refused. A carrier that does not void its leg makes a fault of its own.
func voidManifested(ctx workflow.Context, in ManifestationInput, replies []carriers.Manifested) ([]shipment.Fault, error) {
	s := in.Shipment
	pending := make([]workflow.Future, len(replies))
	for i, reply := range replies {
		if reply.Refusal != nil {
			continue
		}
		pending[i] = voidLeg.start(ctx, in.Settings.ChildWorkflows,
			carrierID(s.ShipmentID, "void", i+1), fmt.Sprintf("void leg %d of shipment %s", i+1, s.ShipmentID),
			carriers.VoidLeg{
				ShipmentID: s.ShipmentID, Leg: i + 1, CarrierID: s.Legs[i].CarrierID, TrackingNumbers: reply.TrackingNumbers,
			})
	}
	var faults []shipment.Fault
	for i, future := range pending {
		if future == nil {
			continue
		}
		var voided carriers.Voided
		if err := future.Get(ctx, &voided); err != nil {
			return nil, fmt.Errorf("void leg %d: %w", i+1, err)
		}
		if voided.Refusal != nil {
			faults = append(faults, *voided.Refusal)
		}
	}
	return faults, nil
}
