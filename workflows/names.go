package workflows

import (
	"fmt"

	"shipments/shipment"
)

// SignalCreated is the signal that carries a [CreatedSignal].
const SignalCreated = "created"

// SignalRequested is the signal that carries a [RequestSignal].
const SignalRequested = "requested"

// The parts of a workflow id are separated by dots, which no shipment id contains:
// two shipments never share a workflow id.

// stageID is the workflow id of a stage that runs as a child.
func stageID(shipmentID string, stage shipment.Stage) string {
	return shipment.ProcessID(shipmentID) + "." + string(stage)
}

// invoiceID is the workflow id of the customs invoice that runs as a child.
func invoiceID(shipmentID string) string {
	return stageID(shipmentID, shipment.StageDocuments) + ".customs-invoice"
}

// collectionID is the workflow id of an attempt at the collection, the first
// being 1, that runs as a child.
func collectionID(shipmentID string, attempt int) string {
	return fmt.Sprintf("%s-%d", stageID(shipmentID, shipment.StageCollection), attempt)
}

// carrierID is the workflow id of a carrier call that runs as a child.
func carrierID(shipmentID, call string, leg int) string {
	return fmt.Sprintf("%s.leg-%d", stageID(shipmentID, shipment.StageCarrier)+"."+call, leg)
}
