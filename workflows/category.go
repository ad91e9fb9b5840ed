package workflows

import (
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

// CategoryResult is the result of the category workflows: an outcome, or a failure
// and its stage, or a cancellation; and the story so far.
type CategoryResult struct {
	// Outcome is what the process produced: all of it on success, and what there
	// is when the booking has failed.
	Outcome *shipment.Outcome `json:"outcome,omitempty"`
	Stage   shipment.Stage    `json:"stage,omitempty"`
	Failure *shipment.Failure `json:"failure,omitempty"`
	// Declined says that the carrier was asked to book the collection, and did not:
	// it declined, or gave no answer.
	Declined bool `json:"declined,omitempty"`
	// Rebookable says that the booking failed, does not stand, and can be made again.
	Rebookable bool `json:"rebookable,omitempty"`
	// Cancelled says that the process was stopped, and Compensation what was
	// undone.
	Cancelled    bool                   `json:"cancelled,omitempty"`
	Compensation *shipment.Compensation `json:"compensation,omitempty"`
	Story        Story                  `json:"story"`
}

// categoryWorkflow returns the workflow of a category.
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

// DomesticShipment is the process of a shipment that crosses no customs border.
func DomesticShipment(ctx workflow.Context, in CategoryInput) (CategoryResult, error) {
	c := categoryProcess{CategoryInput: in, category: shipment.Domestic, attempt: 1}
	return c.run(ctx, c.manifestStep(), c.documentStep(), c.collectStep())
}

// InternationalShipment is the process of a shipment that crosses a customs border
// with its customs invoice on paper.
func InternationalShipment(ctx workflow.Context, in CategoryInput) (CategoryResult, error) {
	c := categoryProcess{CategoryInput: in, category: shipment.International, attempt: 1}
	return c.run(ctx, c.manifestStep(), c.documentStep(), c.collectStep())
}

// InternationalPaperlessShipment is the process of a shipment with paperless
// trade: the customs invoice is generated first, and the carrier gets it with
// the manifestation.
func InternationalPaperlessShipment(ctx workflow.Context, in CategoryInput) (CategoryResult, error) {
	c := categoryProcess{CategoryInput: in, category: shipment.InternationalPaperless, attempt: 1}
	return c.run(ctx, c.invoiceStep(), c.manifestStep(), c.documentStep(), c.collectStep())
}

func (c *categoryProcess) invoiceStep() step {
	return step{stage: shipment.StageDocuments, do: c.invoice}
}

func (c *categoryProcess) manifestStep() step {
	return step{shipment.StageManifestation, events.TypeManifested, c.manifest}
}

func (c *categoryProcess) documentStep() step {
	return step{shipment.StageDocuments, events.TypeDocumentsGenerated, c.generateDocuments}
}

func (c *categoryProcess) collectStep() step {
	return step{shipment.StageCollection, events.TypeCollectionBooked, c.collect}
}
