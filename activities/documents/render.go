package documents

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

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
}

// Render renders, by kind, the documents that can be made from the input. Before
// manifestation that is the customs invoice alone, and for a domestic shipment
// nothing. After it: all labels, the labels of each carrier, the receipt, the
// combined document, and the customs invoice unless it was made before.
func Render(in Input) (map[string][]byte, error) {
	r := newRenderer(in)
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

// RenderOne renders the document of one kind. A kind that is none of the kinds of
// documents is taken for a carrier id.
func RenderOne(in Input, kind string) ([]byte, error) { return newRenderer(in).document(kind) }

// renderer puts the documents of one shipment together from parts. A part is drawn
// once, even if several documents have it.
type renderer struct {
	in               Input
	typeface         typeface
	labels           [][]*part // by leg, one per package
	receipt, invoice *part
}

func newRenderer(in Input) renderer {
	r := renderer{
		in: in, typeface: typefaceFor(in),
		receipt: &part{size: a4, draw: func(p *page) { p.receipt(in) }},
		invoice: &part{size: a4, draw: func(p *page) { p.invoice(in) }},
	}
	for leg, manifested := range in.Legs {
		var labels []*part
		for n, number := range manifested.TrackingNumbers {
			labels = append(labels, &part{size: labelSize, draw: func(p *page) { p.label(in, leg, n, number) }})
		}
		r.labels = append(r.labels, labels)
	}
	return r
}

func (r renderer) document(kind string) ([]byte, error) {
	date, err := time.Parse(time.DateOnly, r.in.Shipment.CollectionDate)
	if err != nil {
		return nil, fmt.Errorf("collection date: %w", err)
	}
	p := newPage("Shipment "+r.in.Shipment.ShipmentID+": "+kind, date, r.typeface)
	for _, part := range r.parts(kind) {
		p.put(part)
	}
	return p.bytes()
}

// parts are the parts of a document, in order.
func (r renderer) parts(kind string) []*part {
	switch kind {
	case KindLabels:
		return slices.Concat(r.labels...)
	case KindReceipt:
		return []*part{r.receipt}
	case KindInvoice, KindPaperlessInvoice:
		return []*part{r.invoice}
	case KindCombined:
		parts := append(slices.Concat(r.labels...), r.receipt)
		if r.in.Category != shipment.Domestic {
			parts = append(parts, r.invoice)
		}
		return parts
	}
	var parts []*part
	for leg, manifested := range r.in.Legs {
		if manifested.CarrierID == kind {
			parts = append(parts, r.labels[leg]...)
		}
	}
	return parts
}

// label draws the label of package n of a leg; both count from 0.
func (p *page) label(in Input, leg, n int, number string) {
	const margin, width = 5.0, 90.0
	carrier, _ := in.Rules.Carrier(in.Legs[leg].CarrierID)
	s := in.Shipment
	p.text(margin, 5, 62, 8, 16, bold, carrier.Name)
	p.text(70, 6, 25, 7, 11, plain, carrier.Service())
	p.line(margin, 15, margin+width, 15)
	p.caption(margin, 17, width, "FROM")
	p.text(margin, 20.5, width, 17, 9, plain, address(s.Legs[leg].Sender))
	p.line(margin, 39, margin+width, 39)
	p.caption(margin, 41, width, "TO")
	p.text(margin, 45, width, 9, 15, bold, s.Legs[leg].Receiver.Name)
	p.text(margin, 54.5, width, 24, 13, plain, addressLines(s.Legs[leg].Receiver))
	p.line(margin, 80, margin+width, 80)
	box := func(x float64, caption, text string) {
		p.caption(x, 82, 30, caption)
		p.text(x, 85.5, 29, 6, 12, bold, text)
	}
	box(margin, "PACKAGE", fmt.Sprintf("%d of %d", n+1, len(in.Legs[leg].TrackingNumbers)))
	box(36, "WEIGHT", weight(s, n))
	box(67, "LEG", fmt.Sprintf("%d of %d", leg+1, len(in.Legs)))
	p.line(margin, 93, margin+width, 93)
	p.code128Bars(number, 0, 97, labelSize.Wd, 30)
	p.text(margin, 129, width, 5, 10, plain, number)
	p.caption(margin, 137, width, "SHIPMENT")
	p.text(margin, 140.5, width, 4.5, 8, plain, s.ShipmentID)
}

// a4Margin is the left and right margin of receipt and invoice.
const a4Margin, a4Width = 18.0, 174.0

// receipt draws sender and receiver, the collection, the packages and the goods.
func (p *page) receipt(in Input) {
	s := in.Shipment
	p.text(a4Margin, 18, a4Width, 10, 22, bold, "Receipt")
	p.text(a4Margin, 29, a4Width, 6, 10, plain, "Shipment "+s.ShipmentID)
	first, last := s.Legs[0], s.Legs[len(s.Legs)-1]
	p.caption(a4Margin, 40, 80, "SENDER")
	p.text(a4Margin, 44, 82, 24, 10, plain, address(first.Sender))
	p.caption(110, 40, 80, "RECEIVER")
	p.text(110, 44, 82, 24, 10, plain, address(last.Receiver))
	p.caption(a4Margin, 72, 80, "COLLECTION")
	p.text(a4Margin, 76, a4Width, 12, 10, plain, s.CollectionDate+" ("+s.TimeZone+")\n"+strings.ReplaceAll(address(first.Collection), "\n", ", "))

	t := table{page: p, y: 94, columns: []column{{12, "Leg"}, {54, "Carrier"}, {24, "Package"}, {24, "Weight"}, {60, "Tracking number"}}}
	t.head()
	for i, leg := range in.Legs {
		carrier, _ := in.Rules.Carrier(leg.CarrierID)
		for n, number := range leg.TrackingNumbers {
			t.row(fmt.Sprint(i+1), carrier.Name+", "+carrier.Service(), fmt.Sprintf("%d of %d", n+1, len(leg.TrackingNumbers)), weight(s, n), number)
		}
	}
	if len(s.Goods) == 0 {
		return
	}
	t.skip(8)
	t.columns = []column{{20, "Quantity"}, {154, "Goods"}}
	t.head()
	for _, g := range s.Goods {
		t.row(fmt.Sprint(g.Quantity), g.Description)
	}
}

// invoice draws the customs invoice. It has a total for every currency.
func (p *page) invoice(in Input) {
	s := in.Shipment
	p.text(a4Margin, 18, a4Width, 10, 22, bold, "Customs invoice")
	p.text(a4Margin, 29, a4Width, 6, 10, plain, "Shipment "+s.ShipmentID+", "+s.CollectionDate)
	first, last := s.Legs[0], s.Legs[len(s.Legs)-1]
	p.caption(a4Margin, 40, 80, "SELLER")
	p.text(a4Margin, 44, 82, 24, 10, plain, address(first.Sender))
	p.caption(110, 40, 80, "BUYER")
	p.text(110, 44, 82, 24, 10, plain, address(last.Receiver))
	p.caption(a4Margin, 72, 80, "REASON FOR EXPORT")
	p.text(a4Margin, 76, 82, 6, 10, plain, "Sale of goods")
	p.caption(110, 72, 80, "DECLARED WEIGHT")
	p.text(110, 76, 82, 6, 10, plain, fmt.Sprintf("%s in %d package(s)", kilograms(totalGrams(s)), s.PackageCount()))

	t := table{page: p, y: 90, columns: []column{{66, "Description"}, {26, "HS code"}, {16, "Origin"}, {18, "Quantity"}, {24, "Unit value"}, {24, "Value"}}}
	t.head()
	totals := map[string]*big.Rat{}
	var currencies []string
	for _, g := range s.Goods {
		value := lineValue(g)
		if totals[g.Currency] == nil {
			totals[g.Currency] = new(big.Rat)
			currencies = append(currencies, g.Currency)
		}
		totals[g.Currency].Add(totals[g.Currency], value)
		t.row(g.Description, g.HSCode, g.OriginCountry, fmt.Sprint(g.Quantity), g.UnitValue+" "+g.Currency, amount(value)+" "+g.Currency)
	}
	t.skip(4)
	for _, currency := range currencies {
		t.total("Total", "", "", "", "", amount(totals[currency])+" "+currency)
	}
}

// column is a column of a table: its width and heading.
type column struct {
	width float64
	title string
}

// table draws rows from y downwards. When a page is full, it adds another one and
// repeats the headings there.
type table struct {
	*page

	columns []column
	y       float64
}

const rowHeight, bottom = 7.0, 280.0

func (t *table) head() {
	x := a4Margin
	for _, c := range t.columns {
		t.caption(x, t.y, c.width-2, strings.ToUpper(c.title))
		x += c.width
	}
	t.y += 4.5
	t.line(a4Margin, t.y, a4Margin+a4Width, t.y)
	t.y += 1
}

func (t *table) row(cells ...string)   { t.draw(plain, cells) }
func (t *table) total(cells ...string) { t.draw(bold, cells) }
func (t *table) skip(height float64)   { t.y += height }

func (t *table) draw(style style, cells []string) {
	if t.y+rowHeight > bottom {
		t.add(a4)
		t.y = 18
		t.head()
	}
	x := a4Margin
	for i, cell := range cells {
		t.text(x, t.y+0.5, t.columns[i].width-2, rowHeight-1, 9, style, cell)
		x += t.columns[i].width
	}
	t.y += rowHeight
}

func address(a shipment.Address) string { return a.Name + "\n" + addressLines(a) }

func addressLines(a shipment.Address) string {
	parts := []string{a.Line1}
	for _, part := range []string{a.Line2, strings.TrimSpace(a.PostalCode + " " + a.City), a.Country} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n")
}

func weight(s shipment.Shipment, n int) string {
	if n >= len(s.Packages) {
		return "–"
	}
	return kilograms(s.Packages[n].WeightGrams)
}

func totalGrams(s shipment.Shipment) int {
	total := 0
	for _, p := range s.Packages {
		total += p.WeightGrams
	}
	return total
}

func kilograms(grams int) string { return fmt.Sprintf("%d.%03d kg", grams/1000, grams%1000) }

// lineValue is quantity times unit value, exactly.
func lineValue(g shipment.Goods) *big.Rat {
	value, ok := new(big.Rat).SetString(g.UnitValue)
	if !ok {
		value = new(big.Rat) // shipment.Rules reject such a value.
	}
	return value.Mul(value, new(big.Rat).SetInt64(int64(g.Quantity)))
}

// amount formats a value with as many decimals as it needs, two to four.
func amount(value *big.Rat) string {
	text := value.FloatString(4)
	for strings.HasSuffix(text, "0") && !strings.HasSuffix(text[:len(text)-1], ".") && len(text)-strings.IndexByte(text, '.') > 3 {
		text = text[:len(text)-1]
	}
	return text
}
