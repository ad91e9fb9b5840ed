package workflows

import (
	"slices"
	"strings"

	"shipments/shipment"
)

// The task queues, one per worker host.
const (
	QueueOrchestrator  = "shipment-orchestrator"
	QueueManifestation = "shipment-manifestation"
	QueueDocuments     = "shipment-documents"
	QueueCollection    = "shipment-collection"
	QueueCarrier       = "shipment-carrier"
)

// stageRow describes one stage of the process.
type stageRow struct {
	stage shipment.Stage
	// host is the worker host that serves the queue. Its summary is put together
	// from those of its stages.
	host, queue, summary string
	// child says that the stage can run as a child workflow.
	child bool
	// workflows are the functions that the queue's worker registers.
	workflows []any
}

// stages is the table that queues, registration, compositions and worker hosts
// follow. A new stage needs a row here and a constant in package shipment. It is
// a function because its workflows refer to it in turn.
func stages() []stageRow {
	return []stageRow{
		{
			stage: shipment.StageValidation, host: "orchestrator", queue: QueueOrchestrator,
			summary:   "validates and classifies shipments",
			workflows: []any{ShipmentProcess},
		},
		{
			stage: shipment.StageCategory, host: "orchestrator", queue: QueueOrchestrator,
			summary: "runs their category's process", child: true,
			workflows: []any{DomesticShipment, InternationalShipment, InternationalPaperlessShipment},
		},
		{
			stage: shipment.StageManifestation, host: "manifestation", queue: QueueManifestation,
			summary: "manifests a shipment as a whole", child: true,
			workflows: []any{Manifestation},
		},
		{
			stage: shipment.StageDocuments, host: "documents", queue: QueueDocuments,
			summary: "generates the documents", child: true,
			workflows: []any{Documents, CustomsInvoice},
		},
		{
			stage: shipment.StageCollection, host: "collection", queue: QueueCollection,
			summary: "schedules and books the collection", child: true,
			workflows: []any{Collection},
		},
		{
			stage: shipment.StageCarrier, host: "carrier", queue: QueueCarrier,
			summary: "calls the carriers", child: true,
			workflows: []any{ManifestLeg, VoidLeg, BookCollection, CancelCollection},
		},
	}
}

// Queue returns the task queue of a stage, that of the orchestrator for a stage
// that has none.
func Queue(stage shipment.Stage) string {
	for _, row := range stages() {
		if row.stage == stage {
			return row.queue
		}
	}
	return QueueOrchestrator
}

// childStages are the stages that can run as child workflows.
func childStages() Composition {
	var children Composition
	for _, row := range stages() {
		if row.child {
			children = append(children, row.stage)
		}
	}
	return children
}

// Worker describes a worker host: a process role that serves one task queue.
type Worker struct {
	Host, Queue string
	// Summary says what the host does, for help texts.
	Summary string
}

// Workers returns the worker hosts, in the order of the stages that they serve.
func Workers() []Worker {
	var workers []Worker
	for _, row := range stages() {
		i := slices.IndexFunc(workers, func(w Worker) bool { return w.Host == row.host })
		if i < 0 {
			workers = append(workers, Worker{Host: row.host, Queue: row.queue, Summary: row.summary})
			continue
		}
		workers[i].Summary += ", " + row.summary
	}
	return workers
}

// CompositionHelp says what [ParseComposition] reads, for help texts and errors.
func CompositionHelp() string {
	return "all, none, or a list of " + strings.Join(childStages().names(), ", ")
}

// Registry takes registrations: a worker, or the SDK's test environment.
type Registry interface {
	RegisterWorkflow(workflow any)
	RegisterActivity(activity any)
}

// Register registers the workflows of one task queue, and the activities. Any
// stage can run inline in any workflow, so every worker needs all activities.
func Register(r Registry, queue string, activityStructs ...any) {
	for _, row := range stages() {
		if row.queue != queue {
			continue
		}
		for _, function := range row.workflows {
			r.RegisterWorkflow(function)
		}
	}
	for _, s := range activityStructs {
		r.RegisterActivity(s)
	}
}
