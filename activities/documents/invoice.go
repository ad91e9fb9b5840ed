package documents

import (
	"cmp"
	"fmt"

	"shipments/activities/documents/pdf"
	"shipments/shipment"
	"shipments/shipment/currency"
)

// defaultDeclaration is printed where the shipment has no declaration of its own.
const defaultDeclaration = "I declare that the information in this invoice is true and complete, and that the goods are as described."

// invoice draws the commercial invoice for customs.
func invoice(in Input, face face) ([]*pdf.Page, error) {
	s := in.Shipment
	customs := s.InvoiceTerms()
	r := newReport(face, "Commercial invoice", "Shipment "+s.ShipmentID)
	facts := []block{
		{"INVOICE NUMBER", []string{customs.InvoiceNumber}},
		{"INVOICE DATE", []string{customs.InvoiceDate}},
	}
	if customs.Incoterm != "" {
		facts = append(facts, block{"INCOTERM 2020", []string{customs.Incoterm}})
	}
	r.blocks(12, facts...)
	names := []block{{"SHIPMENT", []string{s.ShipmentID}}}
	if s.Reference != "" {
		names = append(names, block{"REFERENCE", []string{s.Reference}})
	}
	r.blocks(12, names...)
	r.parties(s, customs)
	packages := "packages"
	if s.PackageCount() == 1 {
		packages = "package"
	}
	terms := []block{
		{"REASON FOR EXPORT", []string{exportReasons[customs.Reason]}},
		{"PACKAGES, GROSS WEIGHT", []string{fmt.Sprintf("%d %s, %s", s.PackageCount(), packages, kilograms(totalGrams(s)))}},
	}
	if customs.IOSSNumber != "" {
		terms = append(terms, block{"IOSS NUMBER", []string{customs.IOSSNumber}})
	}
	r.blocks(12, terms...)
	r.goods(s)
	r.signature(cmp.Or(customs.Declaration, defaultDeclaration))
	return r.finish()
}

// parties draws seller and buyer, and the importer if it is somebody else.
func (r *report) parties(s shipment.Shipment, customs shipment.Customs) {
	parties := []block{
		{"SELLER", party(s.Legs[0].Sender)},
		{"BUYER", party(s.Legs[len(s.Legs)-1].Receiver)},
	}
	if customs.Importer != nil && *customs.Importer != s.Legs[len(s.Legs)-1].Receiver {
		parties = append(parties, block{"IMPORTER", party(*customs.Importer)})
	}
	r.blocks(60, parties...)
}

// party is an address with the numbers that customs ask for.
func party(a shipment.Address) []string {
	lines := addressLines(a)
	for _, number := range [][2]string{{"", a.Email}, {"VAT ", a.VATNumber}, {"EORI ", a.EORI}} {
		if number[1] != "" {
			lines = append(lines, number[0]+number[1])
		}
	}
	return lines
}

// goods draws the lines of goods, and a total for every currency.
func (r *report) goods(s shipment.Shipment) {
	t := table{r, []column{
		{9, "No.", right}, {43, "Description", left}, {23, "HS code", left}, {22, "Country of origin", left},
		{16, "Quantity", right}, {19, "Net weight", right}, {21, "Unit value", right}, {21, "Value", right},
	}}
	t.head()
	net, complete := 0, true
	for i, g := range s.Goods {
		weight := "–"
		if g.WeightGrams > 0 {
			weight = kilograms(g.WeightGrams)
		}
		net, complete = net+g.WeightGrams, complete && g.WeightGrams > 0
		description := g.Description
		if g.SKU != "" {
			description += "\nSKU " + g.SKU
		}
		t.row(fmt.Sprint(i+1), description, g.HSCode, country(g.OriginCountry), fmt.Sprint(g.Quantity), weight,
			currency.FormatPrice(g.UnitValue, g.Currency)+" "+g.Currency, g.LineTotal().Amount+" "+g.Currency)
	}
	totals := s.Totals()
	if !t.together(len(totals)) { // The head has a rule.
		r.rule(pageMargin, r.y+0.5, pageMargin+printWidth)
		r.y += 1.5
	}
	for i, total := range totals {
		weight := ""
		if i == 0 && complete {
			weight = kilograms(net)
		}
		t.total("", "Total "+total.Currency, "", "", "", weight, "", total.Amount+" "+total.Currency)
	}
}

// signature draws the declaration, and a place for name, date and signature.
func (r *report) signature(declaration string) {
	lines := []line{{declaration, 9, plain}}
	_, height, _ := r.lay(printWidth, 1, lines)
	height = min(height, 60)
	r.y += 4
	r.need(height + 26)
	r.caption(pageMargin, r.y, printWidth, "DECLARATION")
	r.stack(pageMargin, r.y+3.8, printWidth, height, left, lines...)
	r.y += height + 22
	const gap = 6.0
	width := (printWidth - 2*gap) / 3
	for i, caption := range []string{"NAME", "PLACE AND DATE", "SIGNATURE"} {
		x := pageMargin + float64(i)*(width+gap)
		r.rule(x, r.y-2, x+width)
		r.caption(x, r.y-1, width, caption)
	}
	r.y += 4
}
