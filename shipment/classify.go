package shipment

import (
	"strings"
)

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
		return Emulated(s.ShipmentID).Category()
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

// Emulated is a shipment id that drives the demo behaviour: its first
// character the category, its last one the failure.
type Emulated string

// Category is domestic for ids that start with 1, international with paperless
// trade for 2, international otherwise.
func (e Emulated) Category() Category {
	switch {
	case strings.HasPrefix(string(e), "1"):
		return Domestic
	case strings.HasPrefix(string(e), "2"):
		return InternationalPaperless
	default:
		return International
	}
}

// RefusesFirstCollection reports whether the carrier refuses the first booking
// of the collection, and takes the next one: the shipment's id ends with 3.
func (e Emulated) RefusesFirstCollection() bool { return strings.HasSuffix(string(e), "3") }

// RefusesManifestation reports whether the carriers refuse to manifest the
// shipment: its id ends with 1.
func (e Emulated) RefusesManifestation() bool { return strings.HasSuffix(string(e), "1") }

// RefusesCollection reports whether the carrier refuses to book the
// collection: the shipment's id ends with 2.
func (e Emulated) RefusesCollection() bool { return strings.HasSuffix(string(e), "2") }
