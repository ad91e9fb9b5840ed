package events_test

import (
	"fmt"

	"shipments/events"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// A message becomes a CloudEvent, and that a shipment to be processed, or the
// reasons for which it is rejected.
func ExampleDecode() {
	header := map[string][]string{"Content-Type": {events.ContentType}}
	body := []byte(`{
		"specversion": "1.0", "type": "shipments.created", "source": "/team/orders", "id": "4710",
		"data": {
			"shipmentId": "1-order-4710", "collectionDate": "2030-01-15", "timeZone": "Europe/London",
			"legs": [{
				"carrierId": "c62bee763e7a4ce387dda5eb11678815",
				"sender":     {"name": "Harbour Goods Ltd", "line1": "12 Quay Street", "city": "Bristol", "country": "GB"},
				"receiver":   {"name": "Ada Thompson", "line1": "48 Mill Lane", "city": "Leeds", "country": "GB"},
				"collection": {"name": "Harbour Goods Ltd", "line1": "12 Quay Street", "city": "Bristol", "country": "UK"}
			}]
		}
	}`)
	ev, reasons := events.Decode(header, body)
	if len(reasons) > 0 {
		fmt.Println("no event:", reasons)
		return
	}
	fmt.Println(ev.Type(), "from", ev.Source())
	created, reasons := events.ParseCreated(ev, "shipments.created.1-order-4710", shipment.Rules{Emulation: true, Carriers: sample.Carriers()})
	fmt.Println(created.Data.ShipmentID)
	for _, reason := range reasons {
		fmt.Println("rejected:", reason.Code, "at", reason.Path)
	}
	// Output:
	// shipments.created from /team/orders
	// 1-order-4710
	// rejected: unknown-country at /legs/0/collection/country
}
