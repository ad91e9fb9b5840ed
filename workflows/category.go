package workflows

import (
	"fmt"

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

// CategoryResult is their result: an outcome, or a failure and its stage; and
// how the story goes on.
type CategoryResult struct {
	Outcome *shipment.Outcome `json:"outcome,omitempty"`
	Stage   shipment.Stage    `json:"stage,omitempty"`
	Failure *shipment.Failure `json:"failure,omitempty"`
	Story   Story             `json:"story"`
}

// categoryWorkflow is the workflow of a category.
func categoryWorkflow(category shipment.Category) part[CategoryInput, CategoryResult] {
	switch category {
	case shipment.Domestic:
		return part[CategoryInput, CategoryResult]{shipment.StageCategory, DomesticShipment}
	case shipment.InternationalPaperless:
		return part[CategoryInput, CategoryResult]{shipment.StageCategory, InternationalPaperlessShipment}
	case shipment.International:
	}
	return part[CategoryInput, CategoryResult]{shipment.StageCategory, InternationalShipment}
}

// DomesticShipment is the process of a shipment within one country.
func DomesticShipment(ctx workflow.Context, in CategoryInput) (CategoryResult, error) {
	j := journey{CategoryInput: in, category: shipment.Domestic}
	return j.run(ctx, "")
}

// InternationalShipment is the process of a shipment that crosses a border
// with its customs invoice on paper.
func InternationalShipment(ctx workflow.Context, in CategoryInput) (CategoryResult, error) {
	j := journey{CategoryInput: in, category: shipment.International}
	return j.run(ctx, "")
}

// InternationalPaperlessShipment is the process of a shipment with paperless
// trade: the customs invoice is made first and given to the carrier with the
// manifestation.
func InternationalPaperlessShipment(ctx workflow.Context, in CategoryInput) (CategoryResult, error) {
	j := journey{CategoryInput: in, category: shipment.InternationalPaperless}
	invoice, err := customsInvoice.call(ctx, in.Settings.ChildWorkflows,
		stageID(in.Shipment.ShipmentID, shipment.StageDocuments)+".customs-invoice", "customs invoice of shipment "+in.Shipment.ShipmentID,
		DocumentsInput{Settings: in.Settings, Shipment: in.Shipment, Category: j.category})
	if err != nil {
		return j.result(), fmt.Errorf("customs invoice: %w", err)
	}
	return j.run(ctx, invoice.InvoiceURL)
}

// journey is what all categories have in common: the three stages, each
// followed by its event.
type journey struct {
	CategoryInput

	category shipment.Category
	outcome  shipment.Outcome
	stage    shipment.Stage // the stage that failed, if any
	failure  *shipment.Failure
}

func (j *journey) run(ctx workflow.Context, invoiceURL string) (CategoryResult, error) {
	steps := []func(workflow.Context) error{
		func(ctx workflow.Context) error { return j.manifest(ctx, invoiceURL) },
		j.document,
		j.collect,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return j.result(), err
		}
		if j.failure != nil {
			break
		}
	}
	return j.result(), nil
}

func (j *journey) result() CategoryResult {
	if j.failure != nil {
		return CategoryResult{Stage: j.stage, Failure: j.failure, Story: j.Story}
	}
	return CategoryResult{Outcome: &j.outcome, Story: j.Story}
}

// fail ends the journey at a stage, and publishes what was undone.
func (j *journey) fail(ctx workflow.Context, stage shipment.Stage, faults []shipment.Fault, compensation *shipment.Compensation) error {
	j.stage, j.failure = stage, &shipment.Failure{Faults: faults, Compensation: compensation}
	if compensation == nil || len(compensation.Voided) == 0 {
		return nil
	}
	return j.Story.publish(ctx, events.TypeManifestationVoided, events.ManifestationVoided{
		ShipmentID: j.Shipment.ShipmentID, VoidedLegs: compensation.Voided,
	})
}

func (j *journey) manifest(ctx workflow.Context, invoiceURL string) error {
	id := j.Shipment.ShipmentID
	result, err := manifestation.call(ctx, j.Settings.ChildWorkflows,
		stageID(id, shipment.StageManifestation), "manifestation of shipment "+id,
		ManifestationInput{Settings: j.Settings, Shipment: j.Shipment, InvoiceURL: invoiceURL})
	if err != nil {
		return fmt.Errorf("manifestation: %w", err)
	}
	if len(result.Faults) > 0 {
		return j.fail(ctx, shipment.StageManifestation, result.Faults, result.Compensation)
	}
	j.outcome.ManifestedLegs = result.Legs
	return j.Story.publish(ctx, events.TypeManifested, events.Manifested{ShipmentID: id, ManifestedLegs: result.Legs})
}

func (j *journey) document(ctx workflow.Context) error {
	id := j.Shipment.ShipmentID
	result, err := shipmentDocuments.call(ctx, j.Settings.ChildWorkflows,
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
	result, err := collection.call(ctx, j.Settings.ChildWorkflows,
		stageID(id, shipment.StageCollection), "collection of shipment "+id,
		CollectionInput{Settings: j.Settings, Shipment: j.Shipment, Legs: j.outcome.ManifestedLegs})
	if err != nil {
		return fmt.Errorf("collection: %w", err)
	}
	if result.TooLate {
		return j.giveUp(ctx, result.Faults)
	}
	if result.Booking == nil {
		return j.fail(ctx, shipment.StageCollection, result.Faults, nil)
	}
	j.outcome.CollectionBooking = *result.Booking
	return j.Story.publish(ctx, events.TypeCollectionBooked, events.CollectionBooked{
		ShipmentID: id, CollectionDate: j.Shipment.CollectionDate, CollectionBooking: *result.Booking,
	})
}

// giveUp takes all legs back when the time to book the collection has passed:
// nobody will collect what was manifested for that day.
func (j *journey) giveUp(ctx workflow.Context, faults []shipment.Fault) error {
	legs := map[int][]string{}
	for i, leg := range j.outcome.ManifestedLegs {
		legs[i] = leg.TrackingNumbers
	}
	compensation, err := voidLegs(ctx, j.Settings, j.Shipment, legs)
	if err != nil {
		return fmt.Errorf("void the legs: %w", err)
	}
	return j.fail(ctx, shipment.StageCollection, faults, compensation)
}
