package shipment

import "shipments/shipment/emulation"

// Category decides which process a shipment goes through.
type Category string

// The three categories.
const (
	// Domestic shipments stay in one country and need no customs invoice.
	Domestic Category = "domestic"
	// International shipments travel with a customs invoice.
	International Category = "international"
	// InternationalPaperless shipments (paperless trade) hand their customs
	// invoice to the carrier with the manifestation.
	InternationalPaperless Category = "international-pt"
)

// Classify returns the category of s. While emulating, the first character of
// the id decides; otherwise the route does: all addresses in one country make
// it domestic, and abroad the first leg's carrier makes the difference.
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
	for _, leg := range legs {
		for _, a := range []Address{leg.Sender, leg.Receiver, leg.Collection} {
			if a.Country != legs[0].Sender.Country {
				return false
			}
		}
	}
	return true
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
