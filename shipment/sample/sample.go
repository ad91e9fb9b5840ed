package sample

import (
	"time"

	"shipments/shipment"
	"shipments/shipment/emulation"
)

// Shipment makes the demo shipment for an id: a domestic one has one leg within
// Great Britain, any other two legs, within Germany and from there to Great
// Britain. It is collected on the day after now, in its own time zone. The
// first character of the id decides (see package emulation).
func Shipment(id string, now time.Time) shipment.Shipment {
	carriers := Carriers()
	warehouse := shipment.Address{Name: "Harbour Goods Ltd", Line1: "12 Quay Street", City: "Bristol", PostalCode: "BS1 4DJ", Country: "GB"}
	customer := shipment.Address{Name: "Ada Thompson", Line1: "48 Mill Lane", Line2: "Flat 3", City: "Leeds", PostalCode: "LS1 5AA", Country: "GB"}
	s := shipment.Shipment{
		ShipmentID: id,
		TimeZone:   "Europe/London",
		Legs:       []shipment.Leg{{CarrierID: carriers[0].ID, Sender: warehouse, Receiver: customer, Collection: warehouse}},
		Packages: []shipment.Package{
			{WeightGrams: 1200, LengthMm: 300, WidthMm: 200, HeightMm: 100},
			{WeightGrams: 850, LengthMm: 250, WidthMm: 180, HeightMm: 90},
		},
	}
	if emulation.ID(id).Route() != emulation.Domestic {
		factory := shipment.Address{Name: "Schuhhaus Krüger GmbH", Line1: "Lindenstraße 7", City: "Leipzig", PostalCode: "04109", Country: "DE"}
		hub := shipment.Address{Name: "Umschlag Rhein", Line1: "Hafenring 21", City: "Duisburg", PostalCode: "47119", Country: "DE"}
		s.TimeZone = "Europe/Berlin"
		s.Legs = []shipment.Leg{
			{CarrierID: carriers[0].ID, Sender: factory, Receiver: hub, Collection: factory},
			{CarrierID: carriers[1].ID, Sender: hub, Receiver: customer, Collection: hub},
		}
		s.Goods = []shipment.Goods{
			{Description: "Leather walking shoes", Quantity: 2, UnitValue: "79.90", Currency: "EUR", HSCode: "640399", OriginCountry: "DE"},
			{Description: "Shoe care set", Quantity: 1, UnitValue: "14.50", Currency: "EUR", HSCode: "340510", OriginCountry: "DE"},
		}
	}
	loc, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		loc = time.UTC // A host without time zones: tomorrow in UTC is close enough for a demo.
	}
	s.CollectionDate = now.In(loc).AddDate(0, 0, 1).Format(time.DateOnly)
	return s
}

// Carriers are the two carriers of the demo shipments.
func Carriers() []shipment.Carrier {
	window := shipment.BookingWindow{DaysBefore: 1, Opens: "18:00", CutOff: "12:00"}
	return []shipment.Carrier{
		{ID: "c62bee763e7a4ce387dda5eb11678815", Name: "Albion Parcels", Services: []string{"Next Day"}, PaperlessTrade: true, Booking: window},
		{ID: "9d6d28f2fbee4e53aeac2c3b3ba98d28", Name: "Continental Freight", Services: []string{"Road"}, Booking: window},
	}
}
