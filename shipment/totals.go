package shipment

import (
	"cmp"
	"math/big"
	"strings"

	"shipments/shipment/currency"
)

// Total is an amount of money.
type Total struct {
	// Amount is a decimal number with the digits of its currency: "1500" in JPY,
	// "19.90" in EUR, "1.250" in KWD.
	Amount string `json:"amount"`
	// Currency is an ISO 4217 code.
	Currency string `json:"currency"`
}

// LineTotal is the value of all units of the line: quantity times unit value,
// rounded to the digits of the currency, half away from zero. A unit value may
// have more digits than its currency, a total never has. The invoice prints this
// amount.
//
// A line whose unit value is no amount, which [Rules.Validate] rejects, has the
// total zero.
func (g Goods) LineTotal() Total {
	return Total{Amount: currency.Format(g.lineValue(), g.Currency), Currency: g.Currency}
}

// lineValue is the line total as a number.
func (g Goods) lineValue() *big.Rat {
	unit, valid := currency.Parse(g.UnitValue)
	if !valid {
		return new(big.Rat)
	}
	return currency.Round(unit.Mul(unit, big.NewRat(int64(g.Quantity), 1)), g.Currency)
}

// isWorthNothing reports whether the line total is zero.
func (g *Goods) isWorthNothing() bool {
	if !strings.HasPrefix(g.UnitValue, "0") {
		return false // One or more, or no amount.
	}
	return currency.IsAmount(g.UnitValue) && g.lineValue().Sign() == 0
}

// AllowsNoValue reports whether goods may cross a customs border without a value for
// the reason: samples and documents may. A gift has one, and so has what is returned
// or repaired.
func (r CustomsReason) AllowsNoValue() bool { return r == ReasonSample || r == ReasonDocuments }

// Totals are the values of all goods, one total per currency in the order in which
// the currencies occur. Each is the sum of its line totals, which are rounded
// before they are added: what the invoice prints adds up. There is none without
// goods.
func (s Shipment) Totals() []Total {
	var codes []string
	sums := map[string]*big.Rat{}
	for _, g := range s.Goods {
		sum, known := sums[g.Currency]
		if !known {
			sum = new(big.Rat)
			sums[g.Currency], codes = sum, append(codes, g.Currency)
		}
		sum.Add(sum, g.lineValue())
	}
	var totals []Total
	for _, code := range codes {
		totals = append(totals, Total{Amount: currency.Format(sums[code], code), Currency: code})
	}
	return totals
}

// InvoiceTerms are the shipment's customs with the defaults filled in: a sale, the
// shipment id as the number, the collection date, and the receiver of the last leg
// as the importer. There is no default for what only the seller can say: incoterm,
// IOSS number and declaration.
func (s Shipment) InvoiceTerms() Customs {
	var terms Customs
	if s.Customs != nil {
		terms = *s.Customs
	}
	terms.Reason = cmp.Or(terms.Reason, ReasonSale)
	terms.InvoiceNumber = cmp.Or(terms.InvoiceNumber, s.ShipmentID)
	terms.InvoiceDate = cmp.Or(terms.InvoiceDate, s.CollectionDate)
	if terms.Importer == nil && len(s.Legs) > 0 {
		receiver := s.Legs[len(s.Legs)-1].Receiver
		terms.Importer = &receiver
	}
	return terms
}
