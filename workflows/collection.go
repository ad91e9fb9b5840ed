package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/activities/carriers"
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
	// Cancelled says that the stage was cancelled; the compensation is that of
	// a booking that may have been made.
	Cancelled    bool                   `json:"cancelled,omitempty"`
	Compensation *shipment.Compensation `json:"compensation,omitempty"`
}

var collection = part[CollectionInput, CollectionResult]{shipment.StageCollection, Collection}

// Collection schedules the collection, waits on a durable timer until it can
// be booked, and books it with the first leg's carrier.
func Collection(ctx workflow.Context, in CollectionInput) (CollectionResult, error) {
	s := in.Shipment
	now := workflow.Now(ctx)
	at, fault := in.Settings.Rules.BookingTime(s, now)
	if fault != nil {
		return CollectionResult{Faults: []shipment.Fault{*fault}, TooLate: true}, nil
	}
	timer := workflow.NewTimerWithOptions(ctx, at.Sub(now), workflow.TimerOptions{Summary: "book the collection"})
	if err := timer.Get(ctx, nil); err != nil {
		if temporal.IsCanceledError(err) {
			return CollectionResult{Cancelled: true}, nil
		}
		return CollectionResult{}, fmt.Errorf("wait to book the collection: %w", err)
	}
	if fault := in.Settings.Rules.TooLate(s, workflow.Now(ctx)); fault != nil {
		return CollectionResult{Faults: []shipment.Fault{*fault}, TooLate: true}, nil
	}
	reply, err := bookCollection.call(ctx, in.Settings.ChildWorkflows,
		carrierID(s.ShipmentID, fmt.Sprintf("book-collection-%d", in.Attempt), 1), "book the collection of shipment "+s.ShipmentID,
		CarrierInput[carriers.BookCollection]{Deadline: in.Settings.carrierDeadline(), Call: carriers.BookCollection{
			ShipmentID: s.ShipmentID, Attempt: in.Attempt, CarrierID: s.CollectionCarrierID(),
			CollectionDate: s.CollectionDate, TimeZone: s.TimeZone,
			Address: s.Legs[0].Collection, TrackingNumbers: in.Legs[0].TrackingNumbers,
		}})
	if temporal.IsCanceledError(err) {
		return withdraw(ctx, in)
	}
	if err != nil {
		return CollectionResult{}, fmt.Errorf("book the collection: %w", err)
	}
	if reply.Refusal != nil {
		return CollectionResult{Faults: []shipment.Fault{*reply.Refusal}}, nil
	}
	return CollectionResult{Booking: &shipment.CollectionBooking{
		CarrierID:         s.CollectionCarrierID(),
		BookingReference:  reply.BookingReference,
		LocationReference: reply.LocationReference,
	}}, nil
}

// withdraw takes a booking back that may have been made when the stage was
// cancelled.
func withdraw(ctx workflow.Context, in CollectionInput) (CollectionResult, error) {
	compensation, err := cancelBooking(ctx, in.Settings, in.Shipment, in.Attempt)
	return CollectionResult{Cancelled: true, Compensation: compensation}, err
}

// cancelBooking takes a booking back, whatever becomes of the process.
func cancelBooking(ctx workflow.Context, settings Settings, s shipment.Shipment, attempt int) (*shipment.Compensation, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	reply, err := cancelCollection.call(ctx, settings.ChildWorkflows,
		carrierID(s.ShipmentID, fmt.Sprintf("cancel-collection-%d", attempt), 1), "cancel the collection of shipment "+s.ShipmentID,
		CarrierInput[carriers.CancelCollection]{Deadline: settings.carrierDeadline(), Call: carriers.CancelCollection{
			ShipmentID: s.ShipmentID, CarrierID: s.CollectionCarrierID(), Attempt: attempt,
		}})
	if err != nil {
		return nil, fmt.Errorf("cancel the collection: %w", err)
	}
	return &shipment.Compensation{CollectionCancelled: reply.Refusal == nil, NotCancelled: reply.Refusal}, nil
}
