package workflows

import (
	"fmt"

	"shipments/shipment"
)

// OutcomeAttribute is the search attribute with the status of a process that has ended
// other than in success: Failure, Cancelled, Rejected or Duplicate. A success has none,
// and costs nothing.
const OutcomeAttribute = "ShipmentOutcome"

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

// documentsID is the workflow id of the documents that run as a child. They are
// generated anew after an attempt at the collection that was a rebooking.
func documentsID(shipmentID string, attempt int) string {
	if attempt <= 1 {
		return stageID(shipmentID, shipment.StageDocuments)
	}
	return fmt.Sprintf("%s-%d", stageID(shipmentID, shipment.StageDocuments), attempt)
}

// invoiceID is the workflow id of the customs invoice that runs as a child.
func invoiceID(shipmentID string) string {
	return stageID(shipmentID, shipment.StageDocuments) + ".customs-invoice"
}

// collectionID is the workflow id of the collection stage that runs as a child. attempt
// counts from 1.
func collectionID(shipmentID string, attempt int) string {
	return fmt.Sprintf("%s-%d", stageID(shipmentID, shipment.StageCollection), attempt)
}

// carrierID is the workflow id of a carrier call that runs as a child.
func carrierID(shipmentID, call string, leg int) string {
	return fmt.Sprintf("%s.leg-%d", stageID(shipmentID, shipment.StageCarrier)+"."+call, leg)
}
