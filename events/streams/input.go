package streams

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
)

// ErrNoInput is returned for an input that its stream does not hold.
var ErrNoInput = errors.New("no such input")

// ReadInput reads the message of the SHIPMENTS stream with a sequence, or
// returns [ErrNoInput].
func ReadInput(ctx context.Context, js jetstream.JetStream, sequence uint64) (events.Input, error) {
	if sequence == 0 {
		return events.Input{}, ErrNoInput
	}
	msg, err := getMessage(ctx, js, events.StreamShipments, getRequest{Sequence: sequence})
	if err != nil {
		return events.Input{}, fmt.Errorf("read input %d: %w", sequence, err)
	}
	if msg == nil {
		return events.Input{}, ErrNoInput
	}
	return events.Input{
		Stream:         events.StreamShipments,
		StreamSequence: msg.Sequence,
		Subject:        msg.Subject,
		StoredAt:       msg.Time,
		Headers:        events.EscapeHeaders(msg.Header),
		Data:           msg.Data,
	}, nil
}
