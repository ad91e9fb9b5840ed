package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"

	"shipments/events"
	"shipments/shipment"
)

// ErrorTypeConflict is the type of the application error for an outcome that
// another run has stored. It is not retried.
const ErrorTypeConflict = "OutcomeConflict"

// Publishing are the activities that store events. They are short and run as
// local activities, which cost the Temporal server no state transition.
type Publishing struct {
	Publisher *events.Publisher
	Inputs    *events.Inputs
}

// Publish stores an outcome event exactly once.
func (a *Publishing) Publish(ctx context.Context, outcome events.Outcome) error {
	_, err := a.Publisher.PublishOnce(ctx, outcome)
	var conflict *events.ConflictError
	if errors.As(err, &conflict) {
		return temporal.NewNonRetryableApplicationError("publish outcome", ErrorTypeConflict, err)
	}
	return err
}

// Acceptance is what [Publishing.Accept] found.
type Acceptance struct {
	// Owner is set if another run has taken the shipment on before; it is that
	// run's entry in the ledger.
	Owner *events.Accepted `json:"owner,omitempty"`
}

// Accept enters the run in the shipment's permanent ledger, exactly once. If
// another run stands there, that is the answer and not an error.
func (a *Publishing) Accept(ctx context.Context, outcome events.Outcome) (Acceptance, error) {
	_, err := a.Publisher.PublishOnce(ctx, outcome)
	var conflict *events.ConflictError
	if !errors.As(err, &conflict) {
		return Acceptance{}, err
	}
	var owner events.Accepted
	if err := json.Unmarshal(conflict.Stored.Data(), &owner); err != nil {
		return Acceptance{}, fmt.Errorf("decode the ledger's entry: %w", err)
	}
	return Acceptance{Owner: &owner}, nil
}

// Conflict is an event for a shipment that is known with other content.
type Conflict struct {
	Event events.ShipmentCreated `json:"event"`
	// StreamSequence is where the event stands in the SHIPMENTS stream, or 0 if
	// it reached the process another way.
	StreamSequence uint64 `json:"streamSequence,omitempty"`
	// Owner is the event that the shipment is known by.
	Owner events.Trigger `json:"owner"`
}

// RejectConflict stores the rejection of a conflicting event exactly once.
func (a *Publishing) RejectConflict(ctx context.Context, conflict Conflict) error {
	input, err := a.Inputs.Read(ctx, conflict.StreamSequence)
	if errors.Is(err, events.ErrNoInput) {
		input, err = events.SignalledInput(conflict.Event)
	}
	if err != nil {
		return fmt.Errorf("read the rejected input: %w", err)
	}
	return a.Publisher.Reject(ctx, events.Rejection{
		ShipmentID: conflict.Event.Data.ShipmentID,
		Reasons:    []shipment.Reason{events.ConflictReason(conflict.Owner)},
		Input:      input,
	})
}
