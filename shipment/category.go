package shipment

import (
	"shipments/shipment/customs"
	"shipments/shipment/emulation"
)

// Category decides which process a shipment goes through.
type Category string

// The three categories.
const (
	// Domestic shipments cross no customs border and need no customs invoice.
	Domestic Category = "domestic"
	// International shipments travel with a customs invoice.
	International Category = "international"
	// InternationalPaperless shipments (paperless trade) hand their customs
	// invoice to the carrier with the manifestation.
	InternationalPaperless Category = "international-pt"
)

// Classify returns the category of s. While emulating, the first character of
// the id decides; otherwise the route does: all addresses in one customs area (see
// package customs) make it domestic, and beyond a customs border the first leg's
// carrier makes the difference.
func (r Rules) Classify(s Shipment) Category {
	if r.Emulation {
		return emulatedCategory(emulation.ID(s.ShipmentID))
	}
	if isDomestic(s.Legs) {
		return Domestic
	}
	if carrier, known := r.Carrier(s.Legs[0].CarrierID); known && carrier.PaperlessTrade {
		return InternationalPaperless
	}
	return International
}

func isDomestic(legs []Leg) bool {
	for i := range legs {
		for _, a := range []*Address{&legs[i].Sender, &legs[i].Receiver, &legs[i].Collection} {
			if !a.sharesCustomsArea(&legs[0].Sender) {
				return false
			}
		}
	}
	return true
}

func (a *Address) sharesCustomsArea(b *Address) bool {
	if a.Country == b.Country && a.PostalCode == b.PostalCode && a.State == b.State {
		return true
	}
	return customs.Area(a.Country, a.State, a.PostalCode) == customs.Area(b.Country, b.State, b.PostalCode)
}

func emulatedCategory(id emulation.ID) Category {
	switch id.Route() {
	case emulation.Domestic:
		return Domestic
	case emulation.Paperless:
		return InternationalPaperless
	case emulation.International:
	}
	return International
}
