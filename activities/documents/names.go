package documents

import (
	"slices"
	"strings"

	"shipments/shipment"
)

// Folder is the path below the public URL that documents are served under.
const Folder = "/shipment-documents/"

// The kinds of documents. A carrier id is a kind too: that of the labels of the
// carrier's legs.
const (
	KindLabels           = "labels"
	KindInvoice          = "invoice"
	KindPaperlessInvoice = "pt_invoice"
	KindReceipt          = "receipt"
	KindCombined         = "combined_document"
)

// Kinds are the kinds of documents, without the carriers' ids.
func Kinds() []string { return slices.Clone(kinds) }

var kinds = []string{KindLabels, KindInvoice, KindPaperlessInvoice, KindReceipt, KindCombined}

// ValidCarrierID reports whether a carrier id is fit to be a kind: no document of
// that kind has the name of another shipment's document. It holds for ids without
// '_' that no kind ends with.
func ValidCarrierID(id string) bool {
	endsKind := func(kind string) bool { return strings.HasSuffix("_"+kind, "_"+id) }
	return !strings.Contains(id, "_") && !slices.ContainsFunc(kinds, endsKind)
}

// Name is the name of a document, in the store and in its URL: the shipment's id,
// an underscore and the kind. No two documents share a name: a dot takes the place
// of the underscore in the invoice of a shipment "x_pt", which would otherwise have
// the name of the paperless invoice of a shipment "x".
func Name(shipmentID, kind string) string {
	if kind == KindInvoice && strings.HasSuffix(shipmentID, "_pt") {
		return shipmentID + "." + kind
	}
	return shipmentID + "_" + kind
}

// URLs are the URLs of a shipment's documents, at the HTTP API that users reach at
// publicURL. A domestic shipment has no customs invoice. With paperless trade the
// invoice is the one that the carrier got.
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

// InvoiceURL is the URL of the customs invoice; it is empty for a domestic shipment.
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

// LegLabelsURL is the URL of the labels of one carrier's legs.
func LegLabelsURL(publicURL, shipmentID, carrierID string) string {
	return url(publicURL, shipmentID, carrierID)
}

func url(publicURL, shipmentID, kind string) string {
	return strings.TrimRight(publicURL, "/") + Folder + Name(shipmentID, kind)
}
