package events

import (
	"bytes"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"shipments/shipment"
)

// shortCut reads data that is a valid shipment beyond doubt, in a small part of
// the time that the schema takes. The schema and the rules accept all that it
// accepts, once its text is normalised. What it does not accept may be valid too:
// the schema decides then, and has the reasons.
//
// A member that is added to the schema is added to [shipment.Shipment], and its
// constraints to followsSchema. The test of this function is generated from the
// schema and fails otherwise.
func shortCut(data []byte, rules shipment.Rules) (s shipment.Shipment, valid bool) {
	// For the schema, a member that is null differs from one that is absent.
	if bytes.Contains(data, []byte("null")) {
		return s, false
	}
	s.Legs = make([]shipment.Leg, 0, shipment.MaxLegs)
	if jsonv2.Unmarshal(data, &s, strictMembers) != nil {
		return s, false
	}
	s.Normalise()
	return s, followsSchema(s) && len(rules.Validate(s)) == 0
}

// strictMembers rejects members that the schema does not have. [Decode] has rejected
// the data that has a member twice, so that is not looked for once more.
var strictMembers = jsonv2.JoinOptions(jsonv2.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(true))

// The longest values of the schema, in characters.
const (
	maxZone        = 64
	maxLine        = 200
	maxPostalCode  = 20
	maxMark        = 100
	maxDeclaration = 1000
)

// followsSchema checks what shipments.created.json demands of a shipment beyond
// the domain's rules.
func followsSchema(s shipment.Shipment) bool {
	ok := len(s.TimeZone) <= maxZone && isLine(s.Reference, maxMark)
	for i := range s.Legs {
		leg := &s.Legs[i]
		ok = ok && hasLines(&leg.Sender) && hasLines(&leg.Receiver) && hasLines(&leg.Collection)
	}
	for i := range s.Goods {
		g := &s.Goods[i]
		ok = ok && isLine(g.Description, maxLine) && isLine(g.SKU, maxMark)
	}
	if c := s.Customs; c != nil {
		ok = ok && isLine(c.InvoiceNumber, maxMark) && isLine(c.Declaration, maxDeclaration) && (c.Importer == nil || hasLines(c.Importer))
	}
	return ok
}

func hasLines(a *shipment.Address) bool {
	return isLine(a.Name, maxLine) && isLine(a.Line1, maxLine) && isLine(a.Line2, maxLine) && isLine(a.City, maxLine) &&
		isLine(a.PostalCode, maxPostalCode) && isLine(a.Company, maxLine)
}

// isLine reports whether s has at most limit characters, and none of them is a
// control character.
func isLine(s string, limit int) bool {
	n := 0
	for _, r := range s {
		if n++; n > limit || isControl(r) {
			return false
		}
	}
	return true
}
