package carriers

import (
	"context"
	"fmt"

	"shipments/shipment"
)

// Client calls one carrier's system. Every request has an idempotency key, made
// from the shipment, the leg and the purpose. Repeated with the same key, a call
// has the effect of one call and gets the same answer: a retried activity neither
// manifests twice nor gets new tracking numbers.
//
// A carrier that declines answers with a reply that says so. An error is a
// technical fault: the call is retried.
//
// Implementations are safe for concurrent use.
type Client interface {
	// ManifestLeg hands a leg over to its carrier.
	ManifestLeg(ctx context.Context, request ManifestLegRequest) (ManifestLegReply, error)
	// VoidLeg takes a manifested leg back. It also succeeds for a leg that is void
	// already, or was never manifested.
	VoidLeg(ctx context.Context, request VoidLegRequest) (VoidLegReply, error)
	// BookCollection books the collection of the shipment's packages.
	BookCollection(ctx context.Context, request BookCollectionRequest) (BookCollectionReply, error)
	// CancelCollection takes a booking back. It also succeeds for a booking that is
	// cancelled already, or was never made.
	CancelCollection(ctx context.Context, request CancelCollectionRequest) (CancelCollectionReply, error)
}

// Trace is the W3C Trace Context that a call continues. Both are empty if there is
// none.
type Trace struct {
	Parent string `json:"traceparent,omitempty"`
	State  string `json:"tracestate,omitempty"`
}

// ManifestLegRequest is the request to manifest one leg.
type ManifestLegRequest struct {
	ShipmentID string `json:"shipmentId"`
	// Leg is the leg's number, from 1.
	Leg      int                `json:"leg"`
	Details  shipment.Leg       `json:"details"`
	Packages []shipment.Package `json:"packages,omitempty"`
	Goods    []shipment.Goods   `json:"goods,omitempty"`
	// InvoiceURL is where the carrier can fetch the customs invoice. It is set for
	// paperless trade alone.
	InvoiceURL string `json:"invoiceUrl,omitempty"`
	// Reference and Customs are those of the shipment.
	Reference string            `json:"reference,omitempty"`
	Customs   *shipment.Customs `json:"customs,omitempty"`
	// Service and Account are those of the carrier table; the client sets them.
	Service string `json:"service,omitempty"`
	Account string `json:"account,omitempty"`
	// Trace is sent as headers.
	Trace Trace `json:"trace,omitzero"`
	// Uncertain says that an earlier call of the process with the same key may have
	// had its effect. It is not sent to the carrier.
	Uncertain bool `json:"uncertain,omitempty"`
}

// IdempotencyKey identifies the effect of the call.
func (r ManifestLegRequest) IdempotencyKey() string { return key(r.ShipmentID, r.Leg, "manifest") }

// ManifestLegReply is the carrier's answer.
type ManifestLegReply struct {
	// TrackingNumbers has one number per package. Packages that share a number have
	// it each.
	TrackingNumbers []string `json:"trackingNumbers,omitempty"`
	// Labels are the carrier's own labels; without them, labels are drawn. They are
	// too large for Temporal, and so are never part of the reply's JSON.
	Labels []Label `json:"-"`
	// Declined says why the carrier declined; it is nil if the leg was manifested.
	Declined *shipment.Fault `json:"declined,omitempty"`
	// Unanswered says that a call may have had its effect although Declined is set:
	// the carrier gave no answer within the deadline (set by the process), or it has
	// declined after an earlier reply was lost.
	Unanswered bool `json:"unanswered,omitempty"`
}

// VoidLegRequest is the request to void a manifested leg.
type VoidLegRequest struct {
	ShipmentID      string   `json:"shipmentId"`
	Leg             int      `json:"leg"`
	CarrierID       string   `json:"carrierId"`
	TrackingNumbers []string `json:"trackingNumbers"`
	// Account is that of the carrier table; the client sets it.
	Account string `json:"account,omitempty"`
	// Trace is sent as headers.
	Trace Trace `json:"trace,omitzero"`
	// Uncertain says that an earlier call of the process with the same key may have
	// had its effect. It is not sent to the carrier.
	Uncertain bool `json:"uncertain,omitempty"`
}

// IdempotencyKey identifies the effect of the call.
func (r VoidLegRequest) IdempotencyKey() string { return key(r.ShipmentID, r.Leg, "void") }

// VoidLegReply is the carrier's answer.
type VoidLegReply struct {
	// Declined says why the carrier declined; it is nil if the leg is void.
	Declined *shipment.Fault `json:"declined,omitempty"`
}

// BookCollectionRequest is the request to book the collection.
type BookCollectionRequest struct {
	ShipmentID string `json:"shipmentId"`
	// Attempt counts the bookings of the shipment, from 1. A rebooking is another
	// effect, and so has another idempotency key.
	Attempt         int              `json:"attempt"`
	CarrierID       string           `json:"carrierId"`
	CollectionDate  string           `json:"collectionDate"`
	TimeZone        string           `json:"timeZone"`
	Address         shipment.Address `json:"address"`
	TrackingNumbers []string         `json:"trackingNumbers"`
	// Service and Account are those of the carrier table; the client sets them.
	Service string `json:"service,omitempty"`
	Account string `json:"account,omitempty"`
	// Trace is sent as headers.
	Trace Trace `json:"trace,omitzero"`
	// Uncertain says that an earlier call of the process with the same key may have
	// had its effect. It is not sent to the carrier.
	Uncertain bool `json:"uncertain,omitempty"`
}

// IdempotencyKey identifies the effect of the call.
func (r BookCollectionRequest) IdempotencyKey() string {
	return key(r.ShipmentID, 1, attempt("book-collection", r.Attempt))
}

// CancelCollectionRequest is the request to take a booking back.
type CancelCollectionRequest struct {
	ShipmentID string `json:"shipmentId"`
	CarrierID  string `json:"carrierId"`
	// Attempt is the attempt of the booking that is taken back.
	Attempt int `json:"attempt"`
	// BookingReference is the carrier's answer to that booking; it is empty if the
	// answer never arrived.
	BookingReference string `json:"bookingReference,omitempty"`
	// Account is that of the carrier table; the client sets it.
	Account string `json:"account,omitempty"`
	// Trace is sent as headers.
	Trace Trace `json:"trace,omitzero"`
	// Uncertain says that an earlier call of the process with the same key may have
	// had its effect. It is not sent to the carrier.
	Uncertain bool `json:"uncertain,omitempty"`
}

// IdempotencyKey identifies the effect of the call.
func (r CancelCollectionRequest) IdempotencyKey() string {
	return key(r.ShipmentID, 1, attempt("cancel-collection", r.Attempt))
}

// attempt is the purpose of the nth booking's calls. The first one has no number.
func attempt(purpose string, n int) string {
	if n <= 1 {
		return purpose
	}
	return fmt.Sprintf("%s-%d", purpose, n)
}

// CancelCollectionReply is the carrier's answer.
type CancelCollectionReply struct {
	// Declined says why the carrier declined; it is nil if the booking is cancelled.
	Declined *shipment.Fault `json:"declined,omitempty"`
}

// BookCollectionReply is the carrier's answer.
type BookCollectionReply struct {
	BookingReference  string `json:"bookingReference,omitempty"`
	LocationReference string `json:"locationReference,omitempty"`
	// Declined says why the carrier declined; it is nil if the collection is booked.
	Declined *shipment.Fault `json:"declined,omitempty"`
	// Unanswered has the meaning that it has in [ManifestLegReply].
	Unanswered bool `json:"unanswered,omitempty"`
}

// Reply is what every carrier's answer to a call has in common.
type Reply interface {
	// WasDeclined reports whether the carrier declined.
	WasDeclined() bool
}

// WasDeclined reports whether Declined is set.
func (r ManifestLegReply) WasDeclined() bool { return r.Declined != nil }

// WasDeclined reports whether Declined is set.
func (r VoidLegReply) WasDeclined() bool { return r.Declined != nil }

// WasDeclined reports whether Declined is set.
func (r BookCollectionReply) WasDeclined() bool { return r.Declined != nil }

// WasDeclined reports whether Declined is set.
func (r CancelCollectionReply) WasDeclined() bool { return r.Declined != nil }

func key(shipmentID string, leg int, purpose string) string {
	return fmt.Sprintf("%s/leg-%d/%s", shipmentID, leg, purpose)
}

// Uncertain returns the request of a call, one of those of this package, with
// Uncertain set. Another value is returned as it is.
func Uncertain(request any) any {
	switch r := request.(type) {
	case ManifestLegRequest:
		r.Uncertain = true
		return r
	case VoidLegRequest:
		r.Uncertain = true
		return r
	case BookCollectionRequest:
		r.Uncertain = true
		return r
	case CancelCollectionRequest:
		r.Uncertain = true
		return r
	}
	return request
}
