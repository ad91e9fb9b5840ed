package rows

import (
	"fmt"
	"strings"

	"shipments/shipment"
)

// Rows writes a row of a name and a value.
type Rows func(name, value string)

// End shows how a shipment has ended: its outcome, or why it has none, and what stands
// at the carriers. It shows nothing of one that is pending.
func (row Rows) End(result shipment.Result) {
	if o := result.Outcome; o != nil {
		row.Legs(o.ManifestedLegs)
		row.Documents(&o.ShipmentDocuments)
		row.Booking(&o.CollectionBooking)
	}
	if result.Failure != nil {
		for _, fault := range result.Failure.Faults {
			row.Fault("Fault", fault)
		}
		row.compensation(result.Failure.Compensation)
	}
	if c := result.Cancellation; c != nil {
		row("Reason", c.Reason)
		row.compensation(c.Compensation)
	}
	for _, reason := range result.Reasons {
		row("Reason", reason.String())
	}
}

// Legs shows what was manifested.
func (row Rows) Legs(legs []shipment.ManifestedLeg) {
	for i, leg := range legs {
		row(fmt.Sprintf("Leg %d", i+1), "carrier "+leg.CarrierID)
		row("  tracking", strings.Join(leg.TrackingNumbers, " "))
		row("  labels", leg.LabelsURL)
	}
}

// Documents shows where the documents are; nothing for nil.
func (row Rows) Documents(d *shipment.Documents) {
	if d == nil {
		return
	}
	row("Labels", d.LabelsURL)
	if d.InvoiceURL != nil {
		row("Invoice", *d.InvoiceURL)
	}
	row("Receipt", d.ReceiptURL)
	row("Combined", d.CombinedDocumentURL)
}

// Booking shows the booking of the collection; nothing for nil.
func (row Rows) Booking(b *shipment.CollectionBooking) {
	if b == nil {
		return
	}
	row("Collection", "carrier "+b.CarrierID)
	if b.CollectionDate != "" { // Older events lack it.
		row("  date", b.CollectionDate)
	}
	row("  booking", b.BookingReference)
	row("  location", b.LocationReference)
}

// Fault shows a fault with its errors.
func (row Rows) Fault(name string, fault shipment.Fault) {
	row(name, fault.Description)
	for _, e := range fault.Errors {
		row("  error", e)
	}
}

// compensation shows what was undone, and what could not be.
func (row Rows) compensation(c *shipment.Compensation) {
	if c == nil {
		return
	}
	if c.CollectionCancelled {
		row("Cancelled", "the collection")
	}
	if c.NotCancelled != nil {
		row("NOT cancelled", "the collection: talk to the carrier")
		row.Fault("  because", *c.NotCancelled)
	}
	for _, leg := range c.Voided {
		row("Voided", legText(leg))
	}
	for _, leg := range c.Standing {
		row("Stands", legText(shipment.VoidedLeg(leg))+": nobody collects it")
	}
	for _, leg := range c.NotVoided {
		row("NOT voided", legText(leg.VoidedLeg)+": talk to the carrier")
		row.Fault("  because", leg.Fault)
	}
}

// legText is a leg in words, with its tracking numbers, if the carrier returned any.
func legText(leg shipment.VoidedLeg) string {
	text := "the leg of carrier " + leg.CarrierID
	if len(leg.TrackingNumbers) > 0 {
		text += ", tracking " + strings.Join(leg.TrackingNumbers, " ")
	}
	return text
}
