package documents

import (
	"fmt"
	"strings"

	"shipments/activities/documents/pdf"
)

// receipt draws sender and receiver, the collection, the packages and the goods.
func receipt(in Input, face face) ([]*pdf.Page, error) {
	s := in.Shipment
	r := newReport(face, "Receipt", "Shipment "+s.ShipmentID)
	facts := []block{{"SHIPMENT", []string{s.ShipmentID}}}
	if s.Reference != "" {
		facts = append(facts, block{"REFERENCE", []string{s.Reference}})
	}
	r.blocks(12, facts...)
	first, last := s.Legs[0], s.Legs[len(s.Legs)-1]
	r.blocks(45, block{"SENDER", addressLines(first.Sender)}, block{"RECEIVER", addressLines(last.Receiver)})
	r.blocks(20, block{"COLLECTION", []string{s.CollectionDate + " (" + s.TimeZone + ")", strings.Join(addressLines(first.Collection), ", ")}})

	packages := table{r, []column{{12, "Leg", left}, {58, "Carrier", left}, {20, "Piece", left}, {24, "Weight", right}, {60, "Tracking number", left}}}
	packages.head()
	for leg, manifested := range in.Legs {
		carrier, _ := in.Rules.Carrier(manifested.CarrierID)
		for _, p := range in.parcels(leg) {
			packages.row(fmt.Sprint(leg+1), carrier.Name+", "+carrier.Service(), fmt.Sprintf("%d of %d", p.number, p.of), weight(s, p.number-1), p.tracking)
		}
	}
	if len(s.Goods) > 0 {
		r.y += 6
		r.need(20)
		goods := table{r, []column{{20, "Quantity", right}, {124, "Goods", left}, {30, "SKU", left}}}
		goods.head()
		for _, g := range s.Goods {
			goods.row(fmt.Sprint(g.Quantity), g.Description, g.SKU)
		}
	}
	return r.finish()
}
