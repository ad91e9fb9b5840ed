// Package documents names, renders, stores and reads the documents of a
// shipment: labels, receipt, customs invoice, and all of them in one file.
//
//   - documents.go: their names and URLs
//   - render.go: what is in them; page.go, font.go, barcode.go: how it is drawn
//   - store.go: the JetStream object store that keeps them
package documents

import (
	"strings"

	"shipments/shipment"
)

// Folder is the path below the public URL that documents are served under.
const Folder = "/shipment-documents/"

// The kinds of documents. A document's name is its shipment's id, an
// underscore and its kind; a carrier id stands for the labels of its legs.
const (
	KindLabels           = "labels"
	KindInvoice          = "invoice"
	KindPaperlessInvoice = "pt_invoice"
	KindReceipt          = "receipt"
	KindCombined         = "combined_document"
)

// Name is the name of a document, in the store and in its URL. No two documents
// share one: the invoice of a shipment "x_pt" is set apart by a dot from the
// paperless invoice of a shipment "x".
func Name(shipmentID, kind string) string {
	if kind == KindInvoice && strings.HasSuffix(shipmentID, "_pt") {
		return shipmentID + "." + kind
	}
	return shipmentID + "_" + kind
}

// URLs are where a shipment's documents can be fetched from the HTTP API at
// publicURL. A domestic shipment has no customs invoice; with paperless trade
// the invoice is the one that was handed to the carrier.
func URLs(publicURL, shipmentID string, category shipment.Category) shipment.Documents {
	docs := shipment.Documents{
		LabelsURL:           url(publicURL, shipmentID, KindLabels),
		ReceiptURL:          url(publicURL, shipmentID, KindReceipt),
		CombinedDocumentURL: url(publicURL, shipmentID, KindCombined),
	}
	if invoice := InvoiceURL(publicURL, shipmentID, category); invoice != "" {
		docs.InvoiceURL = &invoice
	}
	return docs
}

// InvoiceURL is where the customs invoice can be fetched; it is empty for a
// domestic shipment.
func InvoiceURL(publicURL, shipmentID string, category shipment.Category) string {
	kind := invoiceKind(category)
	if kind == "" {
		return ""
	}
	return url(publicURL, shipmentID, kind)
}

func invoiceKind(category shipment.Category) string {
	switch category {
	case shipment.International:
		return KindInvoice
	case shipment.InternationalPaperless:
		return KindPaperlessInvoice
	case shipment.Domestic:
	}
	return ""
}

// LegLabelsURL is where the labels of one carrier's legs can be fetched.
func LegLabelsURL(publicURL, shipmentID, carrierID string) string {
	return url(publicURL, shipmentID, carrierID)
}

func url(publicURL, shipmentID, kind string) string {
	return strings.TrimRight(publicURL, "/") + Folder + Name(shipmentID, kind)
}
