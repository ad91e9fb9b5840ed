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
	// cannot travel as manifested.
	TooLate bool `json:"tooLate,omitempty"`
	// Cancelled says that the stage was cancelled. The compensation is that of
	// a booking that may have been made.
	Cancelled    bool                   `json:"cancelled,omitempty"`
	Compensation *shipment.Compensation `json:"compensation,omitempty"`
}

// Collection schedules the collection, waits on a durable timer until it can
// be booked, and books it with the first leg's carrier.
func Collection(ctx workflow.Context, in CollectionInput) (CollectionResult, error) {
	s := in.Shipment
	now := workflow.Now(ctx)
	at, fault := in.Settings.Rules.BookingTime(s, now)
	if fault != nil {
		if booked, err := in.Settings.told(ctx, events.TypeCollectionBooked, s.ShipmentID); err != nil || !booked {
			return CollectionResult{Faults: []shipment.Fault{*fault}, TooLate: true}, err
		}
		at = now
	}
	delay := at.Sub(now)
	if in.Settings.Revision > 0 && !in.bookableAt(workflow.GetInfo(ctx).WorkflowStartTime) {
		delay = max(delay, time.Millisecond) // A task that is done again later still waits.
	}
	timer := workflow.NewTimerWithOptions(ctx, delay, workflow.TimerOptions{Summary: "book the collection"})
	await(ctx, timer)
	err := timer.Get(ctx, nil)
	if temporal.IsCanceledError(err) || stopped(ctx) {
		return CollectionResult{Cancelled: true}, nil
	}
	if err != nil {
		return CollectionResult{}, fmt.Errorf("wait to book the collection: %w", err)
	}
	if fault := in.Settings.Rules.TooLate(s, workflow.Now(ctx)); fault != nil {
		if booked, err := in.Settings.told(ctx, events.TypeCollectionBooked, s.ShipmentID); err != nil || !booked {
			return CollectionResult{Faults: []shipment.Fault{*fault}, TooLate: true}, err
		}
	}
	reply, err := inStage(shipment.StageCarrier, BookCollection).call(ctx, in.Settings.ChildWorkflows,
		carrierID(s.ShipmentID, fmt.Sprintf("book-collection-%d", in.Attempt), 1), "book the collection of shipment "+s.ShipmentID,
		CarrierInput[carriers.BookCollectionRequest]{CarrierPolicy: in.Settings.carrierPolicy(), Call: carriers.BookCollectionRequest{
			ShipmentID: s.ShipmentID, Attempt: in.Attempt, CarrierID: s.CollectionCarrierID(),
			CollectionDate: s.CollectionDate, TimeZone: s.TimeZone,
			Address: s.Legs[0].Collection, TrackingNumbers: in.Legs[0].TrackingNumbers,
		}})
	if temporal.IsCanceledError(err) { // It may have been booked.
		return CollectionResult{Cancelled: true, Compensation: cancelBooking(ctx, in.Settings, s, in.Attempt)}, nil
	}
	if err != nil {
		return CollectionResult{}, fmt.Errorf("book the collection: %w", err)
	}
	if reply.Unanswered { // It may have been booked.
		compensation := cancelBooking(ctx, in.Settings, s, in.Attempt)
		return CollectionResult{Faults: []shipment.Fault{*reply.Declined}, Compensation: compensation}, nil
	}
	if reply.Declined != nil {
		return CollectionResult{Faults: []shipment.Fault{*reply.Declined}}, nil
	}
	return CollectionResult{Booking: &shipment.CollectionBooking{
		CarrierID:         s.CollectionCarrierID(),
		BookingReference:  reply.BookingReference,
		LocationReference: reply.LocationReference,
	}}, nil
}

// bookableAt reports whether the collection can be booked at a time.
func (in CollectionInput) bookableAt(t time.Time) bool {
	opens, fault := in.Settings.Rules.BookingTime(in.Shipment, t)
	return fault == nil && !opens.After(t)
}

// cancelBooking takes a booking back, whatever becomes of the process, and
// tells whether that was possible.
func cancelBooking(ctx workflow.Context, settings Settings, s shipment.Shipment, attempt int) *shipment.Compensation {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	reply, err := inStage(shipment.StageCarrier, CancelCollection).call(ctx, settings.ChildWorkflows,
		carrierID(s.ShipmentID, fmt.Sprintf("cancel-collection-%d", attempt), 1), "cancel the collection of shipment "+s.ShipmentID,
		CarrierInput[carriers.CancelCollectionRequest]{CarrierPolicy: settings.carrierPolicy(), Call: carriers.CancelCollectionRequest{
			ShipmentID: s.ShipmentID, CarrierID: s.CollectionCarrierID(), Attempt: attempt,
		}})
	if err != nil {
		reply.Declined = shipment.NewFault(integrationUnavailable, err.Error())
	}
	return &shipment.Compensation{CollectionCancelled: reply.Declined == nil, NotCancelled: reply.Declined}
}
