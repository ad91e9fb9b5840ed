package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/temporal"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

// ErrorTypeConflict is the type of the application error for an outcome that
// another run has stored. It is not retried.
const ErrorTypeConflict = "OutcomeConflict"

// Publishing are the activities that store events. They are short and run as
// local activities, which cost the Temporal server no state transition.
type Publishing struct {
	Publisher *streams.Publisher
	JetStream jetstream.JetStream
}

// Publish stores an outcome event exactly once.
func (a *Publishing) Publish(ctx context.Context, outcome events.Outcome) error {
	_, err := a.Publisher.PublishOnce(ctx, outcome)
	var conflict *streams.ConflictError
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
	var conflict *streams.ConflictError
	if !errors.As(err, &conflict) {
		return Acceptance{}, err
	}
	var owner events.Accepted
	if err := json.Unmarshal(conflict.Stored.Data(), &owner); err != nil {
		return Acceptance{}, fmt.Errorf("decode the ledger's entry: %w", err)
	}
	return Acceptance{Owner: &owner}, nil
}

// Told reports whether the outcome event of a type is stored for a shipment.
func (a *Publishing) Told(ctx context.Context, eventType, shipmentID string) (bool, error) {
	return streams.OutcomePublished(ctx, a.JetStream, eventType, shipmentID)
}

// RejectedSignal is an event that its process does not accept.
type RejectedSignal struct {
	ShipmentID string            `json:"shipmentId"`
	Reasons    []shipment.Reason `json:"reasons"`
	// StreamSequence is where the event stands in the SHIPMENTS stream, or 0 if
	// it reached the process another way; then Event is kept instead.
	StreamSequence uint64          `json:"streamSequence,omitempty"`
	Type           string          `json:"type"`
	Identity       events.EventRef `json:"identity"`
	Event          json.RawMessage `json:"event"`
}

// RejectSignal stores the rejection of an event exactly once, unless it is a
// request that has had its effect: a repeat of such a shipment's event after
// Temporal's retention may bring the request with it.
func (a *Publishing) RejectSignal(ctx context.Context, signal RejectedSignal) error {
	if events.IsRequest(signal.Type) {
		happened, err := streams.HadEffect(ctx, a.JetStream, events.Request{
			Type: signal.Type, ID: signal.Identity.ID, Source: signal.Identity.Source, ShipmentID: signal.ShipmentID,
		})
		if happened || err != nil {
			return err
		}
	}
	input, err := streams.ReadInput(ctx, a.JetStream, signal.StreamSequence)
	if errors.Is(err, streams.ErrNoInput) {
		input, err = events.SignalledInput(signal.Type, signal.Identity, signal.Event), nil
	}
	if err != nil {
		return fmt.Errorf("read the rejected input: %w", err)
	}
	return a.Publisher.Reject(ctx, events.Rejection{ShipmentID: signal.ShipmentID, Reasons: signal.Reasons, Input: input})
}
