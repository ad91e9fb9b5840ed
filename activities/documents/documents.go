// Package documents names and makes the documents of a shipment.
package documents

import (
	"strings"

	"shipments/shipment"
)

// folder is the path below the public URL that documents are served under.
const folder = "/shipment-documents/"

// URLs are where a shipment's documents can be fetched from the HTTP API at
// publicURL. A domestic shipment has no customs invoice; with paperless trade
// the invoice is the one that was handed to the carrier.
func URLs(publicURL, shipmentID string, category shipment.Category) shipment.Documents {
	docs := shipment.Documents{
		LabelsURL:           url(publicURL, shipmentID, "labels"),
		ReceiptURL:          url(publicURL, shipmentID, "receipt"),
		CombinedDocumentURL: url(publicURL, shipmentID, "combined_document"),
	}
	if invoice := InvoiceURL(publicURL, shipmentID, category); invoice != "" {
		docs.InvoiceURL = &invoice
	}
	return docs
}

// InvoiceURL is where the customs invoice can be fetched; it is empty for a
// domestic shipment.
func InvoiceURL(publicURL, shipmentID string, category shipment.Category) string {
	switch category {
	case shipment.International:
		return url(publicURL, shipmentID, "invoice")
	case shipment.InternationalPaperless:
		return url(publicURL, shipmentID, "pt_invoice")
	case shipment.Domestic:
	}
	return ""
}

// LegLabelsURL is where the labels of one carrier's legs can be fetched.
func LegLabelsURL(publicURL, shipmentID, carrierID string) string {
	return url(publicURL, shipmentID, carrierID)
}

func url(publicURL, shipmentID, name string) string {
	return strings.TrimRight(publicURL, "/") + folder + shipmentID + "_" + name
}
