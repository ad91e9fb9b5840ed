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

// ErrorTypeConflict is the type of the application error for an outcome event
// that another run has stored. It is not retried.
const ErrorTypeConflict = "OutcomeConflict"

// Publishing are the activities that store events.
type Publishing struct {
	Publisher *streams.Publisher
	JetStream jetstream.JetStream
}

// Publish stores an outcome event exactly once.
func (a *Publishing) Publish(ctx context.Context, outcome events.Outcome) error {
	_, err := a.Publisher.PublishOnce(ctx, outcome)
	var conflict *streams.OutcomeConflictError
	if errors.As(err, &conflict) {
		return temporal.NewNonRetryableApplicationError("publish outcome", ErrorTypeConflict, err)
	}
	return err
}

// ClaimResult is the result of [Publishing.Claim].
type ClaimResult struct {
	// Owner is the ledger entry of another run that claimed the shipment before.
	// It is nil if the shipment is this run's.
	Owner *events.Accepted `json:"owner,omitempty"`
}

// Claim claims the shipment for a run: it stores the run's entry in the
// shipment's permanent ledger, exactly once. That another run has claimed the
// shipment before is a result, not an error.
func (a *Publishing) Claim(ctx context.Context, outcome events.Outcome) (ClaimResult, error) {
	_, err := a.Publisher.PublishOnce(ctx, outcome)
	var conflict *streams.OutcomeConflictError
	if !errors.As(err, &conflict) {
		return ClaimResult{}, err
	}
	var owner events.Accepted
	if err := json.Unmarshal(conflict.Stored.Data(), &owner); err != nil {
		return ClaimResult{}, fmt.Errorf("decode the ledger entry: %w", err)
	}
	return ClaimResult{Owner: &owner}, nil
}

// OutcomePublished reports whether the outcome event of a type is stored for a
// shipment.
func (a *Publishing) OutcomePublished(ctx context.Context, eventType, shipmentID string) (bool, error) {
	return streams.OutcomePublished(ctx, a.JetStream, eventType, shipmentID)
}

// RejectedSignal is an event that its process has rejected.
type RejectedSignal struct {
	ShipmentID string            `json:"shipmentId"`
	Reasons    []shipment.Reason `json:"reasons"`
	// StreamSequence is the event's sequence in the SHIPMENTS stream, or 0 if it
	// reached the process another way. Then the rejection holds Event instead.
	StreamSequence uint64          `json:"streamSequence,omitempty"`
	Type           string          `json:"type"`
	Identity       events.EventRef `json:"identity"`
	Event          json.RawMessage `json:"event"`
}

// RejectSignal stores the rejection of an event exactly once. A request that has
// had its effect is not rejected: when a shipment is published once more after
// Temporal's retention, the request may arrive again with it.
func (a *Publishing) RejectSignal(ctx context.Context, signal RejectedSignal) error {
	if events.IsRequest(signal.Type) {
		hadEffect, err := streams.HadEffect(ctx, a.JetStream, events.Request{
			Type: signal.Type, ID: signal.Identity.ID, Source: signal.Identity.Source, ShipmentID: signal.ShipmentID,
		})
		if hadEffect || err != nil {
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
