// Package carriers is the integration with carriers: one small interface, and
// its implementations.
package carriers

import (
	"context"
	"fmt"

	"shipments/shipment"
)

// Client is a carrier's system. Every call has an idempotency key made from
// the shipment, the leg and the purpose: repeated with the same key it has the
// effect of one call and gives the same answer, so that a retried activity
// neither manifests twice nor invents new tracking numbers.
//
// That the carrier declined is part of the reply: a business outcome. An error
// is a technical fault, and worth a retry.
//
// Implementations are safe for concurrent use.
type Client interface {
	// ManifestLeg hands a leg over to its carrier.
	ManifestLeg(ctx context.Context, call ManifestLegRequest) (ManifestLegReply, error)
	// VoidLeg takes a manifested leg back. To void a leg that is void already,
	// or was never manifested, succeeds.
	VoidLeg(ctx context.Context, call VoidLegRequest) (VoidLegReply, error)
	// BookCollection books the collection of the shipment's packages.
	BookCollection(ctx context.Context, call BookCollectionRequest) (BookCollectionReply, error)
	// CancelCollection takes a booking back. To cancel one that is cancelled
	// already, or was never made, succeeds.
	CancelCollection(ctx context.Context, call CancelCollectionRequest) (CancelCollectionReply, error)
}

// ManifestLegRequest is the request to manifest one leg.
type ManifestLegRequest struct {
	ShipmentID string `json:"shipmentId"`
	// Leg is the leg's number, from 1.
	Leg      int                `json:"leg"`
	Details  shipment.Leg       `json:"details"`
	Packages []shipment.Package `json:"packages,omitempty"`
	Goods    []shipment.Goods   `json:"goods,omitempty"`
	// InvoiceURL is set for paperless trade: the customs invoice that the
	// carrier gets with the manifestation.
	InvoiceURL string `json:"invoiceUrl,omitempty"`
}

// IdempotencyKey identifies the call's effect.
func (c ManifestLegRequest) IdempotencyKey() string { return key(c.ShipmentID, c.Leg, "manifest") }

// ManifestLegReply is the carrier's answer.
type ManifestLegReply struct {
	// TrackingNumbers has one number per package.
	TrackingNumbers []string `json:"trackingNumbers,omitempty"`
	// Declined says why the carrier declined; it is nil if it did not.
	Declined *shipment.Fault `json:"declined,omitempty"`
	// Unanswered is set by the process if the carrier gave no answer within the
	// deadline: whether the call had its effect is not known.
	Unanswered bool `json:"unanswered,omitempty"`
}

// VoidLegRequest is the request to void a manifested leg.
type VoidLegRequest struct {
	ShipmentID      string   `json:"shipmentId"`
	Leg             int      `json:"leg"`
	CarrierID       string   `json:"carrierId"`
	TrackingNumbers []string `json:"trackingNumbers"`
}

// IdempotencyKey identifies the call's effect.
func (c VoidLegRequest) IdempotencyKey() string { return key(c.ShipmentID, c.Leg, "void") }

// VoidLegReply is the carrier's answer.
type VoidLegReply struct {
	Declined *shipment.Fault `json:"declined,omitempty"`
}

// BookCollectionRequest is the request to book the collection.
type BookCollectionRequest struct {
	ShipmentID string `json:"shipmentId"`
	// Attempt counts the bookings of the shipment, from 1: a rebooking is
	// another effect.
	Attempt         int              `json:"attempt"`
	CarrierID       string           `json:"carrierId"`
	CollectionDate  string           `json:"collectionDate"`
	TimeZone        string           `json:"timeZone"`
	Address         shipment.Address `json:"address"`
	TrackingNumbers []string         `json:"trackingNumbers"`
}

// IdempotencyKey identifies the call's effect.
func (c BookCollectionRequest) IdempotencyKey() string {
	return key(c.ShipmentID, 1, attempt("book-collection", c.Attempt))
}

// CancelCollectionRequest is the request to take a booking back.
type CancelCollectionRequest struct {
	ShipmentID string `json:"shipmentId"`
	CarrierID  string `json:"carrierId"`
	// Attempt is that of the booking.
	Attempt int `json:"attempt"`
}

// IdempotencyKey identifies the call's effect.
func (c CancelCollectionRequest) IdempotencyKey() string {
	return key(c.ShipmentID, 1, attempt("cancel-collection", c.Attempt))
}

// attempt tells the calls of a rebooking from those of the first booking.
func attempt(purpose string, n int) string {
	if n <= 1 {
		return purpose
	}
	return fmt.Sprintf("%s-%d", purpose, n)
}

// CancelCollectionReply is the carrier's answer.
type CancelCollectionReply struct {
	Declined *shipment.Fault `json:"declined,omitempty"`
}

// BookCollectionReply is the carrier's answer.
type BookCollectionReply struct {
	BookingReference  string          `json:"bookingReference,omitempty"`
	LocationReference string          `json:"locationReference,omitempty"`
	Declined          *shipment.Fault `json:"declined,omitempty"`
	// Unanswered is as for [ManifestLegReply].
	Unanswered bool `json:"unanswered,omitempty"`
}

// Reply is a carrier's answer to a call.
type Reply interface {
	// WasDeclined reports whether the carrier declined.
	WasDeclined() bool
}

// WasDeclined is true if the leg was not manifested.
func (r ManifestLegReply) WasDeclined() bool { return r.Declined != nil }

// WasDeclined is true if the leg was not voided.
func (r VoidLegReply) WasDeclined() bool { return r.Declined != nil }

// WasDeclined is true if the collection was not booked.
func (r BookCollectionReply) WasDeclined() bool { return r.Declined != nil }

// WasDeclined is true if the booking was not cancelled.
func (r CancelCollectionReply) WasDeclined() bool { return r.Declined != nil }

func key(shipmentID string, leg int, purpose string) string {
	return fmt.Sprintf("%s/leg-%d/%s", shipmentID, leg, purpose)
}
