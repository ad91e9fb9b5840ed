package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
)

// StoredRejection is a rejection with its place in its stream.
type StoredRejection struct {
	events.Rejection

	Sequence uint64    `json:"sequence"`
	Time     time.Time `json:"time"`
}

// ErrNoRejection is returned for a rejection that the stream does not hold.
var ErrNoRejection = errors.New("no such rejection")

// ReadRejection returns the rejection with a stream sequence, or [ErrNoRejection].
func ReadRejection(ctx context.Context, js jetstream.JetStream, sequence uint64) (StoredRejection, error) {
	if sequence == 0 {
		return StoredRejection{}, ErrNoRejection
	}
	msg, err := getMessage(ctx, js, events.StreamRejections, getRequest{Sequence: sequence})
	if err != nil {
		return StoredRejection{}, fmt.Errorf("read rejection %d: %w", sequence, err)
	}
	if msg == nil {
		return StoredRejection{}, ErrNoRejection
	}
	return DecodeRejection(msg)
}

// Rejections calls each for the stored rejections of one shipment (of all if
// id is empty) since a time, oldest first, until it returns false. It skips a
// message that is no rejection, and returns an error for it at the end.
func Rejections(ctx context.Context, js jetstream.JetStream, id string, since time.Time, each func(StoredRejection) bool) error {
	subject := events.TypeRejected + ".*"
	if id != "" {
		subject = events.Subject(events.TypeRejected, id)
	}
	var broken error
	err := Walk(ctx, js, Range{Stream: events.StreamRejections, Subject: subject, Since: since}, func(msg *jetstream.RawStreamMsg) bool {
		stored, err := DecodeRejection(msg)
		if err != nil {
			broken = errors.Join(broken, err)
			return true
		}
		return each(stored)
	})
	return errors.Join(err, broken)
}

// DecodeRejection reads a message of the rejections' stream.
func DecodeRejection(msg *jetstream.RawStreamMsg) (StoredRejection, error) {
	stored := StoredRejection{Sequence: msg.Sequence, Time: msg.Time}
	var ev event.Event
	if err := json.Unmarshal(msg.Data, &ev); err != nil {
		return stored, fmt.Errorf("rejection %d: %w", msg.Sequence, err)
	}
	if err := ev.DataAs(&stored.Rejection); err != nil {
		return stored, fmt.Errorf("rejection %d: %w", msg.Sequence, err)
	}
	return stored, nil
}
