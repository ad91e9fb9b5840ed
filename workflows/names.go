// Package workflows is the process of a shipment: one file per workflow.
//
//   - process.go: the entry, one per shipment; requests.go: what it can be asked
//     while it runs; story.go: the outcome events that it publishes
//   - category.go: domestic, international, international with paperless trade
//   - manifestation.go, documents.go, collection.go: the stages
//   - carrier.go: carrier integration, one carrier call each
//   - composition.go: running a stage as a child workflow or inline
//   - names.go, options.go: task queues, ids and signals; timeouts, retries and start options
//   - register.go: what each worker runs
//   - attributes.go, received.go: what clients set and read: search attributes, histories
//
// Workflow code is deterministic: it neither reads clocks nor does I/O except
// through the workflow API. A change that breaks the replay of the histories
// in testdata needs versioning, because processes run that were started before it.
package workflows

import (
	"fmt"

	"shipments/shipment"
)

// SignalCreated is the signal that carries a [CreatedSignal].
const SignalCreated = "created"

// SignalRequested is the signal that carries a [RequestSignal].
const SignalRequested = "requested"

// Ids are separated by dots, which no shipment id contains: two shipments
// never share a workflow id.

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
