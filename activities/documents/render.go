package documents

import (
	"fmt"
	"slices"
	"time"

	"shipments/activities/documents/pdf"
	"shipments/activities/documents/typeface"
	"shipments/shipment"
)

// Input is everything that documents depend on: the same input gives the same bytes.
type Input struct {
	Shipment shipment.Shipment `json:"shipment"`
	Category shipment.Category `json:"category"`
	// Legs are the manifested legs, in the order of the shipment's legs. They are
	// empty before manifestation, when the invoice for paperless trade is rendered.
	Legs []shipment.ManifestedLeg `json:"legs,omitempty"`
	// Rules have the names and services of the carriers.
	Rules shipment.Rules `json:"rules"`
	// CarrierLabels are the labels that carriers gave, by leg; see [Store.Labels].
	// Labels are drawn for a leg that has none. They are too large for Temporal: the
	// activity reads them.
	CarrierLabels [][]LabelFile `json:"-"`
}

// Render renders, by kind, the documents that can be made from the input. Before
// manifestation that is the customs invoice alone, and for a domestic shipment
// nothing. After it: all labels, the labels of each carrier, the receipt, the
// combined document, and the customs invoice unless it was made before. The labels of
// a carrier are ZPL if it gave them in ZPL; every other document is PDF.
//
// Without fonts, text is printed with [typeface.Default]. Text that cannot be printed
// is an error, a [*typeface.UnprintableError]: no document has a sign in the place of
// a character.
func Render(in Input, fonts *typeface.Typeface) (map[string][]byte, error) {
	r := newRenderer(in, fonts)
	// What documents share is made once: their pages, and the fonts that they embed.
	for _, kind := range in.kinds() {
		if err := r.prepare(kind); err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
	}
	rendered := map[string][]byte{}
	for _, kind := range in.kinds() {
		document, err := r.document(kind)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		rendered[kind] = document
	}
	return rendered, nil
}

// kinds lists the documents to render.
func (in Input) kinds() []string {
	var kinds []string
	isManifested := len(in.Legs) > 0
	// The invoice for paperless trade is rendered once, before manifestation.
	if kind := invoiceKind(in.Category); kind != "" && (!isManifested || in.Category == shipment.International) {
		kinds = append(kinds, kind)
	}
	if !isManifested {
		return kinds
	}
	kinds = append(kinds, KindLabels, KindReceipt, KindCombined)
	for _, leg := range in.Legs {
		if !slices.Contains(kinds, leg.CarrierID) {
			kinds = append(kinds, leg.CarrierID)
		}
	}
	return kinds
}

// RenderOne renders the document of one kind; see [Render]. A kind that is none of the
// kinds of documents is taken for a carrier id.
func RenderOne(in Input, kind string, fonts *typeface.Typeface) ([]byte, error) {
	r := newRenderer(in, fonts)
	if err := r.prepare(kind); err != nil {
		return nil, err
	}
	return r.document(kind)
}

// renderer puts the documents of one shipment together from parts. A part is drawn
// once, even if several documents have it.
type renderer struct {
	in               Input
	fonts            *pdf.Fonts
	labels           []*part // by leg
	receipt, invoice *part
}

// part is a part of a document, on pages of its own.
type part struct {
	draw  func() ([]*pdf.Page, error)
	pages []*pdf.Page // nil until the part has been drawn for the first time
}

// documentLanguage is that of the words on the documents.
const documentLanguage = "en"

func newRenderer(in Input, fonts *typeface.Typeface) renderer {
	if fonts == nil {
		fonts = typeface.Default()
	}
	face := faceFor(in, fonts)
	r := renderer{
		in: in, fonts: pdf.NewFonts(),
		receipt: &part{draw: func() ([]*pdf.Page, error) { return receipt(in, face) }},
		invoice: &part{draw: func() ([]*pdf.Page, error) { return invoice(in, face) }},
	}
	for leg := range in.Legs {
		draw := func() ([]*pdf.Page, error) { return labels(in, leg, face) }
		if in.hasCarrierLabels(leg) {
			draw = func() ([]*pdf.Page, error) { return carrierLabels(in, leg, face) }
		}
		r.labels = append(r.labels, &part{draw: draw})
	}
	return r
}

// titles are what documents are called in their properties.
var titles = map[string]string{
	KindLabels: "Labels", KindReceipt: "Receipt", KindInvoice: "Commercial invoice", KindPaperlessInvoice: "Commercial invoice",
	KindCombined: "Documents",
}

// prepare draws the parts of a document that have not been drawn.
func (r renderer) prepare(kind string) (err error) {
	for _, part := range r.parts(kind) {
		if part.pages != nil {
			continue
		}
		if part.pages, err = part.draw(); err != nil {
			return err
		}
		for _, page := range part.pages {
			r.fonts.Encode(page)
		}
	}
	return nil
}

// document puts a document together from the parts that were prepared.
func (r renderer) document(kind string) ([]byte, error) {
	date, err := time.Parse(time.DateOnly, r.in.Shipment.CollectionDate)
	if err != nil {
		return nil, fmt.Errorf("collection date: %w", err)
	}
	if zpl, isZPL := r.in.zpl(kind); isZPL {
		return zpl, nil
	}
	title, known := titles[kind]
	if !known {
		title = "Labels of carrier " + kind
	}
	d := pdf.NewWith(r.fonts, title+", shipment "+r.in.Shipment.ShipmentID, documentLanguage, date)
	for _, part := range r.parts(kind) {
		for _, page := range part.pages {
			d.Add(page)
		}
	}
	return d.Bytes(), nil
}

// parts are the parts of a document, in order.
func (r renderer) parts(kind string) []*part {
	switch kind {
	case KindLabels:
		return r.labels
	case KindReceipt:
		return []*part{r.receipt}
	case KindInvoice, KindPaperlessInvoice:
		return []*part{r.invoice}
	case KindCombined:
		parts := append(slices.Clone(r.labels), r.receipt)
		if r.in.Category != shipment.Domestic {
			parts = append(parts, r.invoice)
		}
		return parts
	}
	var parts []*part
	for leg, manifested := range r.in.Legs {
		if manifested.CarrierID == kind {
			parts = append(parts, r.labels[leg])
		}
	}
	return parts
}
