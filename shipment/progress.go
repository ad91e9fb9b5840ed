package shipment

import "time"

// Wait is what a pending shipment waits for.
type Wait string

// What a shipment may wait for.
const (
	// WaitConsumer: the consumer has not started its process yet.
	WaitConsumer Wait = "consumer"
	// WaitCarriers: its carriers are asked to manifest its legs.
	WaitCarriers Wait = "carriers"
	// WaitDocuments: its documents are being generated.
	WaitDocuments Wait = "documents"
	// WaitBookingTime: the carrier does not take bookings for its day yet.
	WaitBookingTime Wait = "booking-time"
	// WaitBooking: the carrier is asked to book its collection.
	WaitBooking Wait = "booking"
	// WaitRebooking: its booking has failed, and another day can be requested.
	WaitRebooking Wait = "rebooking"
	// WaitEnding: its end is decided; what has to be undone is being undone.
	WaitEnding Wait = "ending"
)

// Waits are all of them, in the order in which a shipment may wait for them.
func Waits() []Wait {
	return []Wait{WaitConsumer, WaitCarriers, WaitDocuments, WaitBookingTime, WaitBooking, WaitRebooking, WaitEnding}
}

// Progress is how far the process of a pending shipment is, and what there is of
// its outcome.
type Progress struct {
	Stage Stage `json:"stage"`
	// Since is when the shipment began to wait.
	Since    time.Time `json:"since"`
	WaitsFor Wait      `json:"waitsFor"`
	// Until is when the wait ends, or what it is for is given up; nil if nothing
	// bounds it, or the bound is not known. A carrier's bound is approximate.
	Until *time.Time `json:"until,omitempty"`
	// BookingAt is when the collection is going to be booked; nil if it is booked, or
	// that is not known.
	BookingAt *time.Time `json:"bookingAt,omitempty"`
	// RebookableUntil is until when a rebooking can be requested; nil if none can.
	RebookableUntil *time.Time `json:"rebookableUntil,omitempty"`
	// Faults are those of the last booking, if it has failed.
	Faults            []Fault            `json:"faults,omitempty"`
	ManifestedLegs    []ManifestedLeg    `json:"manifestedLegs,omitempty"`
	ShipmentDocuments *Documents         `json:"shipmentDocuments,omitempty"`
	CollectionBooking *CollectionBooking `json:"collectionBooking,omitempty"`
}

// Says is what the shipment waits for in words that follow "waits", with the time in
// the location of loc. It is a line of text.
func (p Progress) Says(loc *time.Location) string {
	until := func(before string) string {
		if p.Until == nil {
			return ""
		}
		return before + p.Until.In(loc).Format(time.DateTime+" MST")
	}
	switch p.WaitsFor {
	case WaitConsumer:
		return "for the consumer to start its process"
	case WaitCarriers:
		return "for its carriers to manifest it" + until("; a carrier without an answer is given up about ")
	case WaitDocuments:
		return "for its documents to be generated"
	case WaitBookingTime:
		return "for the time at which its collection is booked" + until(": ")
	case WaitBooking:
		return "for the carrier to book its collection" + until("; without an answer it is given up about ")
	case WaitRebooking:
		return "for a request to rebook its collection" + until(", until ")
	case WaitEnding:
	}
	return "for its end, which is decided: what has to be undone is being undone"
}
