package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/events"
	"shipments/shipment"
)

// CategoryInput is the input of the three category workflows.
type CategoryInput struct {
	Settings Settings          `json:"settings"`
	Shipment shipment.Shipment `json:"shipment"`
	Story    Story             `json:"story"`
}

// CategoryResult is their result: an outcome, or a failure and its stage, or a
// cancellation; and how the story goes on.
type CategoryResult struct {
	// Outcome is what the process produced: all of it on success, and what there
	// is when the booking can be replaced.
	Outcome *shipment.Outcome `json:"outcome,omitempty"`
	Stage   shipment.Stage    `json:"stage,omitempty"`
	Failure *shipment.Failure `json:"failure,omitempty"`
	// Rebookable says that only the booking of the collection has failed.
	Rebookable bool `json:"rebookable,omitempty"`
	// Cancelled says that the process was stopped, and Compensation what was
	// undone.
	Cancelled    bool                   `json:"cancelled,omitempty"`
	Compensation *shipment.Compensation `json:"compensation,omitempty"`
	Story        Story                  `json:"story"`
}

// categoryWorkflow is the workflow of a category.
func categoryWorkflow(category shipment.Category) stageFunc[CategoryInput, CategoryResult] {
	switch category {
	case shipment.Domestic:
		return inStage(shipment.StageCategory, DomesticShipment)
	case shipment.InternationalPaperless:
		return inStage(shipment.StageCategory, InternationalPaperlessShipment)
	case shipment.International:
	}
	return inStage(shipment.StageCategory, InternationalShipment)
}

// DomesticShipment is the process of a shipment within one country.
func DomesticShipment(ctx workflow.Context, in CategoryInput) (CategoryResult, error) {
	j := journey{CategoryInput: in, category: shipment.Domestic, attempt: 1}
	return j.run(ctx, j.manifest, j.document, j.collect)
}

// InternationalShipment is the process of a shipment that crosses a border
// with its customs invoice on paper.
func InternationalShipment(ctx workflow.Context, in CategoryInput) (CategoryResult, error) {
	j := journey{CategoryInput: in, category: shipment.International, attempt: 1}
	return j.run(ctx, j.manifest, j.document, j.collect)
}

// InternationalPaperlessShipment is the process of a shipment with paperless
// trade: the customs invoice is made first and given to the carrier with the
// manifestation.
func InternationalPaperlessShipment(ctx workflow.Context, in CategoryInput) (CategoryResult, error) {
	j := journey{CategoryInput: in, category: shipment.InternationalPaperless, attempt: 1}
	return j.run(ctx, j.invoice, j.manifest, j.document, j.collect)
}

// journey is what all categories have in common: the stages, each followed by
// its event.
type journey struct {
	CategoryInput

	category   shipment.Category
	attempt    int              // of booking the collection, from 1
	request    *events.EventRef // the rebooking's identity, from the second attempt on
	invoiceURL string
	outcome    shipment.Outcome
	booked     bool

	stage        shipment.Stage // the stage that failed, if any
	failure      *shipment.Failure
	rebookable   bool
	compensation *shipment.Compensation // of a stage that was cancelled
}

// run takes the steps one after the other, until one fails or the process is
// cancelled.
func (j *journey) run(ctx workflow.Context, steps ...func(workflow.Context) error) (CategoryResult, error) {
	if j.Settings.Revision > 0 && gateOf(ctx) == nil { // a workflow of its own
		ctx = new(gate).open(ctx)
	}
	for _, step := range steps {
		err := step(ctx)
		if j.failure != nil && err == nil {
			break // What has failed is undone, and cannot be cancelled.
		}
		if temporal.IsCanceledError(err) || ctx.Err() != nil {
			return j.cancel(ctx)
		}
		if err != nil {
			return j.result(), err
		}
	}
	return j.result(), nil
}

func (j *journey) result() CategoryResult {
	result := CategoryResult{Stage: j.stage, Failure: j.failure, Rebookable: j.rebookable, Story: j.Story}
	if j.failure == nil || j.rebookable {
		result.Outcome = &j.outcome
	}
	return result
}

// cancel undoes what was done so far.
func (j *journey) cancel(ctx workflow.Context) (CategoryResult, error) {
	if j.booked {
		j.compensation = j.compensation.With(cancelBooking(ctx, j.Settings, j.Shipment, j.attempt))
	}
	j.compensation = j.compensation.With(voidLegs(ctx, j.Settings, j.Shipment, j.manifested()))
	if err := j.tellVoided(ctx, j.compensation); err != nil {
		return CategoryResult{Story: j.Story}, err
	}
	return CategoryResult{Cancelled: true, Compensation: j.compensation, Story: j.Story}, nil
}

// tellVoided publishes which legs were taken back, if any were.
func (j *journey) tellVoided(ctx workflow.Context, compensation *shipment.Compensation) error {
	if compensation == nil || len(compensation.Voided) == 0 {
		return nil
	}
	return j.Story.publish(ctx, events.TypeManifestationVoided, events.ManifestationVoided{
		ShipmentID: j.Shipment.ShipmentID, VoidedLegs: compensation.Voided,
	})
}

// fail ends the journey at a stage, and tells what was undone.
func (j *journey) fail(ctx workflow.Context, stage shipment.Stage, faults []shipment.Fault, compensation *shipment.Compensation) error {
	j.stage, j.failure = stage, &shipment.Failure{Faults: faults, Compensation: compensation}
	return j.tellVoided(ctx, compensation)
}

// invoice makes the customs invoice before manifestation.
func (j *journey) invoice(ctx workflow.Context) error {
	result, err := inStage(shipment.StageDocuments, CustomsInvoice).call(ctx, j.Settings.ChildWorkflows,
		invoiceID(j.Shipment.ShipmentID), "customs invoice of shipment "+j.Shipment.ShipmentID,
		DocumentsInput{Settings: j.Settings, Shipment: j.Shipment, Category: j.category})
	if err != nil {
		return fmt.Errorf("customs invoice: %w", err)
	}
	j.invoiceURL = result.InvoiceURL
	return nil
}

func (j *journey) manifest(ctx workflow.Context) error {
	id := j.Shipment.ShipmentID
	result, err := inStage(shipment.StageManifestation, Manifestation).call(ctx, j.Settings.ChildWorkflows,
		stageID(id, shipment.StageManifestation), "manifestation of shipment "+id,
		ManifestationInput{Settings: j.Settings, Shipment: j.Shipment, InvoiceURL: j.invoiceURL})
	if err != nil {
		return fmt.Errorf("manifestation: %w", err)
	}
	if result.Cancelled {
		j.compensation = result.Compensation
		return temporal.NewCanceledError()
	}
	if len(result.Faults) > 0 {
		return j.fail(ctx, shipment.StageManifestation, result.Faults, result.Compensation)
	}
	j.outcome.ManifestedLegs = result.Legs
	return j.Story.publish(ctx, events.TypeManifested, events.Manifested{ShipmentID: id, ManifestedLegs: result.Legs})
}

func (j *journey) document(ctx workflow.Context) error {
	id := j.Shipment.ShipmentID
	result, err := inStage(shipment.StageDocuments, Documents).call(ctx, j.Settings.ChildWorkflows,
		stageID(id, shipment.StageDocuments), "documents of shipment "+id,
		DocumentsInput{Settings: j.Settings, Shipment: j.Shipment, Category: j.category, Legs: j.outcome.ManifestedLegs})
	if err != nil {
		return fmt.Errorf("documents: %w", err)
	}
	j.outcome.ShipmentDocuments = result.Documents
	return j.Story.publish(ctx, events.TypeDocumentsGenerated, events.DocumentsGenerated{ShipmentID: id, ShipmentDocuments: result.Documents})
}

func (j *journey) collect(ctx workflow.Context) error {
	id := j.Shipment.ShipmentID
	result, err := inStage(shipment.StageCollection, Collection).call(ctx, j.Settings.ChildWorkflows,
		collectionID(id, j.attempt), "collection of shipment "+id,
		CollectionInput{Settings: j.Settings, Shipment: j.Shipment, Legs: j.outcome.ManifestedLegs, Attempt: j.attempt})
	if err != nil {
		return fmt.Errorf("collection: %w", err)
	}
	if result.Cancelled {
		j.compensation = result.Compensation
		return temporal.NewCanceledError()
	}
	if result.TooLate && j.attempt == 1 {
		return j.giveUp(ctx, result.Faults)
	}
	if result.Booking == nil {
		// With a booking that may stand, another one could be one too many.
		j.rebookable = result.Compensation == nil || result.Compensation.NotCancelled == nil
		return j.fail(ctx, shipment.StageCollection, result.Faults, result.Compensation)
	}
	j.outcome.CollectionBooking, j.booked = *result.Booking, true
	return j.Story.publish(ctx, events.TypeCollectionBooked, events.CollectionBooked{
		ShipmentID: id, CollectionDate: j.Shipment.CollectionDate, CollectionBooking: *result.Booking, Request: j.request,
	})
}

// giveUp takes all legs back when the time to book the collection has passed:
// nobody will collect what was manifested for that day.
func (j *journey) giveUp(ctx workflow.Context, faults []shipment.Fault) error {
	return j.fail(ctx, shipment.StageCollection, faults, voidLegs(ctx, j.Settings, j.Shipment, j.manifested()))
}

// manifested returns the tracking numbers of the legs that were manifested.
func (j *journey) manifested() map[int][]string {
	numbers := map[int][]string{}
	for i, leg := range j.outcome.ManifestedLegs {
		numbers[i] = leg.TrackingNumbers
	}
	return numbers
}
