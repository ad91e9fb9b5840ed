package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/activities/carriers"
	"shipments/events"
	"shipments/shipment"
)

// CollectionInput is the input of [Collection].
type CollectionInput struct {
	Settings Settings                 `json:"settings"`
	Shipment shipment.Shipment        `json:"shipment"`
	Legs     []shipment.ManifestedLeg `json:"legs"`
	// Attempt counts the bookings, from 1.
	Attempt int `json:"attempt"`
}

// CollectionResult is the result of [Collection]: a booking, or faults.
type CollectionResult struct {
	Booking *shipment.CollectionBooking `json:"booking,omitempty"`
	Faults  []shipment.Fault            `json:"faults,omitempty"`
	// TooLate says that the time to book has passed, so that the shipment
	// cannot be collected as manifested.
	TooLate bool `json:"tooLate,omitempty"`
	// Cancelled says that the stage was cancelled. The compensation is that of
	// a booking that may have been made.
	Cancelled    bool                   `json:"cancelled,omitempty"`
	Compensation *shipment.Compensation `json:"compensation,omitempty"`
}

// Collection schedules the collection, waits on a durable timer until it can
// be booked, and books it with the first leg's carrier.
func Collection(ctx workflow.Context, in CollectionInput) (CollectionResult, error) {
	cancelled, late, err := in.waitForWindow(ctx)
	switch {
	case err != nil:
		return CollectionResult{}, err
	case cancelled:
		return CollectionResult{Cancelled: true}, nil
	case late != nil:
		return CollectionResult{Faults: []shipment.Fault{*late}, TooLate: true}, nil
	}
	s := in.Shipment
	reply, err := inStage(shipment.StageCarrier, BookCollection).call(ctx, in.Settings.ChildWorkflows,
		carrierWorkflowID(s.ShipmentID, fmt.Sprintf("book-collection-%d", in.Attempt), 1), "book the collection of shipment "+s.ShipmentID,
		CarrierInput[carriers.BookCollectionRequest]{CarrierPolicy: in.Settings.carrierPolicy(), Call: carriers.BookCollectionRequest{
			ShipmentID: s.ShipmentID, Attempt: in.Attempt, CarrierID: s.CollectionCarrierID(),
			CollectionDate: s.CollectionDate, TimeZone: s.TimeZone,
			Address: s.Legs[0].Collection, TrackingNumbers: in.Legs[0].TrackingNumbers, Trace: in.Settings.Trace,
		}})
	if temporal.IsCanceledError(err) { // It may have been booked.
		return CollectionResult{Cancelled: true, Compensation: cancelBooking(ctx, in.Settings, s, in.Attempt, "")}, nil
	}
	if err != nil {
		return CollectionResult{}, fmt.Errorf("book the collection: %w", err)
	}
	if reply.Unanswered { // It may have been booked.
		compensation := cancelBooking(ctx, in.Settings, s, in.Attempt, "")
		return CollectionResult{Faults: []shipment.Fault{*reply.Declined}, Compensation: compensation}, nil
	}
	if reply.Declined != nil {
		return CollectionResult{Faults: []shipment.Fault{*reply.Declined}}, nil
	}
	return CollectionResult{Booking: &shipment.CollectionBooking{
		CarrierID:         s.CollectionCarrierID(),
		BookingReference:  reply.BookingReference,
		LocationReference: reply.LocationReference,
		CollectionDate:    s.CollectionDate,
	}}, nil
}

// waitForWindow waits until the booking window opens. It reports whether the stage was
// cancelled meanwhile, and returns a fault if it is too late to book.
func (in CollectionInput) waitForWindow(ctx workflow.Context) (cancelled bool, late *shipment.Fault, err error) {
	rules, s := in.Settings.Rules, in.Shipment
	now := workflow.Now(ctx)
	at, fault := rules.BookingTime(s, now)
	if fault != nil {
		if late, err = in.unlessBooked(ctx, fault); late != nil || err != nil {
			return false, late, err
		}
		at = now
	}
	delay := at.Sub(now)
	if !in.bookableAt(workflow.GetInfo(ctx).WorkflowStartTime) {
		delay = max(delay, time.Millisecond) // A task that is done again later must start a timer, too.
	}
	timer := workflow.NewTimerWithOptions(ctx, delay, workflow.TimerOptions{Summary: "the collection can be booked"})
	err = await(ctx, timer, nil)
	if temporal.IsCanceledError(err) || stopped(ctx) {
		return true, nil, nil
	}
	if err != nil {
		return false, nil, fmt.Errorf("wait to book the collection: %w", err)
	}
	if fault := rules.TooLate(s, workflow.Now(ctx)); fault != nil {
		late, err = in.unlessBooked(ctx, fault)
	}
	return false, late, err
}

// unlessBooked returns the fault, or nil if collection-booked is stored: a lost attempt
// of this workflow task booked in time.
func (in CollectionInput) unlessBooked(ctx workflow.Context, fault *shipment.Fault) (*shipment.Fault, error) {
	booked, err := outcomePublished(ctx, events.TypeCollectionBooked, in.Shipment.ShipmentID)
	if booked || err != nil {
		return nil, err
	}
	return fault, nil
}

// bookableAt reports whether the booking window is open at t.
func (in CollectionInput) bookableAt(t time.Time) bool {
	opens, fault := in.Settings.Rules.BookingTime(in.Shipment, t)
	return fault == nil && !opens.After(t)
}

// cancelBooking cancels a booking, and returns whether that was possible. The
// reference is empty if the booking's answer never arrived. It cannot be stopped.
func cancelBooking(ctx workflow.Context, settings Settings, s shipment.Shipment, attempt int, reference string) *shipment.Compensation {
	reply, err := inStage(shipment.StageCarrier, CancelCollection).call(withoutGate(ctx), settings.ChildWorkflows,
		carrierWorkflowID(s.ShipmentID, fmt.Sprintf("cancel-collection-%d", attempt), 1), "cancel the collection of shipment "+s.ShipmentID,
		CarrierInput[carriers.CancelCollectionRequest]{CarrierPolicy: settings.carrierPolicy(), Call: carriers.CancelCollectionRequest{
			ShipmentID: s.ShipmentID, CarrierID: s.CollectionCarrierID(), Attempt: attempt, BookingReference: reference, Trace: settings.Trace,
		}})
	if err != nil {
		reply.Declined = shipment.NewFault(integrationUnavailable, err.Error())
	}
	return &shipment.Compensation{CollectionCancelled: reply.Declined == nil, NotCancelled: reply.Declined}
}
