package streams

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
)

// These functions read from the leader of SHIPMENT_EVENTS. A replica that lags
// behind would do for a status, but here it would have an event rejected that
// had its effect.

// ReadLedger reads the ledger entry of a shipment: which process claimed it,
// and the trigger. It returns [ErrUnknownShipment] if none has.
func ReadLedger(ctx context.Context, js jetstream.JetStream, id string) (events.Accepted, error) {
	var entry events.Accepted
	msg, err := lastOutcome(ctx, js, events.TypeAccepted, id)
	if err != nil {
		return entry, err
	}
	if msg == nil {
		return entry, ErrUnknownShipment
	}
	return entry, decodeData(msg, &entry)
}

// OutcomePublished reports whether the outcome event of a type is stored for a shipment.
func OutcomePublished(ctx context.Context, js jetstream.JetStream, eventType, id string) (bool, error) {
	msg, err := lastOutcome(ctx, js, eventType, id)
	return msg != nil, err
}

// HadEffect reports whether a request has had its effect: whether an outcome
// event names it.
func HadEffect(ctx context.Context, js jetstream.JetStream, request events.Request) (bool, error) {
	for _, eventType := range []string{events.TypeCancelled, events.TypeCollectionBooked} {
		msg, err := lastOutcome(ctx, js, eventType, request.ShipmentID)
		if err != nil {
			return false, err
		}
		if msg == nil {
			continue
		}
		var data struct {
			Request *events.EventRef `json:"request"`
		}
		if err := decodeData(msg, &data); err != nil {
			return false, err
		}
		if data.Request != nil && *data.Request == request.Ref() {
			return true, nil
		}
	}
	return false, nil
}

// lastOutcome reads the outcome event of a type for a shipment, or nil.
func lastOutcome(ctx context.Context, js jetstream.JetStream, eventType, id string) (*jetstream.RawStreamMsg, error) {
	msg, err := getMessage(ctx, js, events.StreamEvents, getRequest{LastBySubject: events.Subject(eventType, id)})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", events.Subject(eventType, id), err)
	}
	return msg, nil
}
