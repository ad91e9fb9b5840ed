package streams

import (
	"context"
	"fmt"

	"shipments/events"

	"github.com/nats-io/nats.go/jetstream"
)

// What an event had for an effect is read from the leader of SHIPMENT_EVENTS. A
// follower answers too, and faster, which is good enough for a status: but one
// that lags behind would have an event rejected that had its effect.

// ReadLedger reads the ledger entry of a shipment: which process took it on,
// triggered by what. It returns [ErrUnknownShipment] if none has.
func ReadLedger(ctx context.Context, js jetstream.JetStream, id string) (events.Accepted, error) {
	var entry events.Accepted
	msg, err := toldOf(ctx, js, events.TypeAccepted, id)
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
	msg, err := toldOf(ctx, js, eventType, id)
	return msg != nil, err
}

// HadEffect reports whether a request has had its effect, by what the outcome
// events say they were requested by.
func HadEffect(ctx context.Context, js jetstream.JetStream, request events.Request) (bool, error) {
	for _, eventType := range []string{events.TypeCancelled, events.TypeCollectionBooked} {
		msg, err := toldOf(ctx, js, eventType, request.ShipmentID)
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

// toldOf reads the outcome event of a type for a shipment, or nil.
func toldOf(ctx context.Context, js jetstream.JetStream, eventType, id string) (*jetstream.RawStreamMsg, error) {
	msg, err := getMessage(ctx, js, events.StreamEvents, getRequest{LastBySubject: events.Subject(eventType, id)})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", events.Subject(eventType, id), err)
	}
	return msg, nil
}
