package workflows

import (
	"fmt"

	"shipments/shipment"
)

// OutcomeAttribute is the search attribute that a process sets when it ends without
// success, to its status: Failure, Cancelled, Rejected or Duplicate. A successful process
// sets none, which saves a state transition.
const OutcomeAttribute = "ShipmentOutcome"

// SignalCreated is the signal that carries a [CreatedSignal].
const SignalCreated = "created"

// SignalRequested is the signal that carries a [RequestSignal].
const SignalRequested = "requested"

// The parts of a workflow id are separated by dots, which no shipment id contains:
// two shipments never share a workflow id.

// stageWorkflowID is the workflow id of a stage that runs as a child.
func stageWorkflowID(shipmentID string, stage shipment.Stage) string {
	return shipment.ProcessID(shipmentID) + "." + string(stage)
}

// documentsWorkflowID is the workflow id of the documents stage that runs as a child. The
// documents are generated anew after a rebooking; attempt counts from 1.
func documentsWorkflowID(shipmentID string, attempt int) string {
	if attempt <= 1 {
		return stageWorkflowID(shipmentID, shipment.StageDocuments)
	}
	return fmt.Sprintf("%s-%d", stageWorkflowID(shipmentID, shipment.StageDocuments), attempt)
}

// invoiceWorkflowID is the workflow id of the customs invoice that runs as a child.
func invoiceWorkflowID(shipmentID string) string {
	return stageWorkflowID(shipmentID, shipment.StageDocuments) + ".customs-invoice"
}

// collectionWorkflowID is the workflow id of the collection stage that runs as a child. attempt
// counts from 1.
func collectionWorkflowID(shipmentID string, attempt int) string {
	return fmt.Sprintf("%s-%d", stageWorkflowID(shipmentID, shipment.StageCollection), attempt)
}

// carrierWorkflowID is the workflow id of a carrier call that runs as a child.
func carrierWorkflowID(shipmentID, call string, leg int) string {
	return fmt.Sprintf("%s.leg-%d", stageWorkflowID(shipmentID, shipment.StageCarrier)+"."+call, leg)
}
