package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/activities/documents"
	"shipments/shipment"
)

// DocumentsInput is the input of [Documents] and [CustomsInvoice].
type DocumentsInput struct {
	Settings Settings                 `json:"settings"`
	Shipment shipment.Shipment        `json:"shipment"`
	Category shipment.Category        `json:"category"`
	Legs     []shipment.ManifestedLeg `json:"legs,omitempty"`
}

// DocumentsResult is the result of [Documents].
type DocumentsResult struct {
	Documents shipment.Documents `json:"documents"`
}

// InvoiceResult is the result of [CustomsInvoice].
type InvoiceResult struct {
	InvoiceURL string `json:"invoiceUrl"`
}

// generating names the activities that make documents.
var generating *activities.Documents

// Documents generates the documents of a manifested shipment: labels, receipt,
// combined document, and for international shipments the customs invoice.
func Documents(ctx workflow.Context, in DocumentsInput) (DocumentsResult, error) {
	if err := runGenerate(ctx, in, "generate the documents of shipment "); err != nil {
		return DocumentsResult{}, err
	}
	return DocumentsResult{Documents: documents.URLs(in.Settings.PublicURL, in.Shipment.ShipmentID, in.Category)}, nil
}

// CustomsInvoice generates the customs invoice before manifestation, for paperless
// trade: the carrier gets it with the manifestation.
func CustomsInvoice(ctx workflow.Context, in DocumentsInput) (InvoiceResult, error) {
	if err := runGenerate(ctx, in, "generate the customs invoice of shipment "); err != nil {
		return InvoiceResult{}, err
	}
	return InvoiceResult{InvoiceURL: documents.InvoiceURL(in.Settings.PublicURL, in.Shipment.ShipmentID, in.Category)}, nil
}

// runGenerate runs the activity that makes and stores documents.
func runGenerate(ctx workflow.Context, in DocumentsInput, summary string) error {
	return runUntilDone(ctx, summary+in.Shipment.ShipmentID, documentsTimeout, nil, generating.Generate, documents.Input{
		Shipment: in.Shipment, Category: in.Category, Legs: in.Legs, Rules: in.Settings.Rules,
	})
}
