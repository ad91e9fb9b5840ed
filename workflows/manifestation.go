package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
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

// ManifestationResult is the result of [Manifestation]: all legs, or faults and
// what was undone because of them.
type ManifestationResult struct {
	Legs         []shipment.ManifestedLeg `json:"legs,omitempty"`
	Faults       []shipment.Fault         `json:"faults,omitempty"`
	Compensation *shipment.Compensation   `json:"compensation,omitempty"`
	// Cancelled says that the stage was cancelled and has undone what it did.
	Cancelled bool `json:"cancelled,omitempty"`
}

// Manifestation manifests the shipment as a whole: its legs, in parallel. If a
// carrier declines one of them, those that were manifested are voided again.
func Manifestation(ctx workflow.Context, in ManifestationInput) (ManifestationResult, error) {
	s := in.Shipment
	calls := make([]started[carriers.ManifestLegReply], len(s.Legs))
	for i, leg := range s.Legs {
		calls[i] = inStage(shipment.StageCarrier, ManifestLeg).start(ctx, in.Settings.ChildWorkflows,
			carrierWorkflowID(s.ShipmentID, "manifest", i+1), fmt.Sprintf("manifest leg %d of shipment %s", i+1, s.ShipmentID),
			CarrierInput[carriers.ManifestLegRequest]{CarrierPolicy: in.Settings.carrierPolicy(), Call: carriers.ManifestLegRequest{
				ShipmentID: s.ShipmentID, Leg: i + 1, Details: leg,
				Packages: s.Packages, Goods: s.Goods, InvoiceURL: in.InvoiceURL,
				Reference: s.Reference, Customs: s.Customs, Trace: in.Settings.Trace,
			}})
	}
	replies := make([]carriers.ManifestLegReply, len(calls))
	var faults []shipment.Fault
	cancelled := false
	for i, call := range calls {
		reply, err := call.result(ctx)
		switch {
		case temporal.IsCanceledError(err):
			cancelled = true
			reply = carriers.ManifestLegReply{Unanswered: true}
		case err != nil:
			return ManifestationResult{}, fmt.Errorf("manifest leg %d: %w", i+1, err)
		}
		if reply.Declined != nil {
			faults = append(faults, *reply.Declined)
		}
		replies[i] = reply
	}
	if len(faults) > 0 || cancelled {
		compensation := voidLegs(ctx, in.Settings, s, toVoid(replies))
		return ManifestationResult{Faults: shipment.MergeFaults(faults), Compensation: compensation, Cancelled: cancelled}, nil
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

// toVoid returns the tracking numbers of the legs to void, by the index of the
// leg: those that were manifested, and those that may have been.
func toVoid(replies []carriers.ManifestLegReply) map[int][]string {
	legs := map[int][]string{}
	for i, reply := range replies {
		if reply.Declined == nil || reply.Unanswered {
			legs[i] = reply.TrackingNumbers
		}
	}
	return legs
}

// voidLegs voids legs, in parallel, and returns what was undone and what could not
// be; nil without legs. It cannot be stopped.
func voidLegs(ctx workflow.Context, settings Settings, s shipment.Shipment, legs map[int][]string) *shipment.Compensation {
	if len(legs) == 0 {
		return nil
	}
	ctx = withoutGate(ctx)
	calls := map[int]started[carriers.VoidLegReply]{}
	for i, leg := range s.Legs {
		numbers, ok := legs[i]
		if !ok {
			continue
		}
		calls[i] = inStage(shipment.StageCarrier, VoidLeg).start(ctx, settings.ChildWorkflows,
			carrierWorkflowID(s.ShipmentID, "void", i+1), fmt.Sprintf("void leg %d of shipment %s", i+1, s.ShipmentID),
			CarrierInput[carriers.VoidLegRequest]{CarrierPolicy: settings.carrierPolicy(), Call: carriers.VoidLegRequest{
				ShipmentID: s.ShipmentID, Leg: i + 1, CarrierID: leg.CarrierID, TrackingNumbers: numbers, Trace: settings.Trace,
			}})
	}
	var done shipment.Compensation
	for i := range s.Legs {
		call, ok := calls[i]
		if !ok {
			continue
		}
		reply, err := call.result(ctx)
		if err != nil {
			reply.Declined = shipment.NewFault(integrationUnavailable, err.Error())
		}
		leg := shipment.VoidedLeg{CarrierID: s.Legs[i].CarrierID, TrackingNumbers: legs[i]}
		if reply.Declined != nil {
			done.NotVoided = append(done.NotVoided, shipment.NotVoidedLeg{VoidedLeg: leg, Fault: *reply.Declined})
			continue
		}
		done.Voided = append(done.Voided, leg)
	}
	return &done
}
