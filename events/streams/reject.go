package streams

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
)

// Reject stores a rejection exactly once. JetStream recognises repeats within
// the stream's duplicate window. For an input that is delivered again much
// later, Reject looks for the earlier rejection first, with one request that
// reads all rejections since the last look.
func (p *Publisher) Reject(ctx context.Context, r events.Rejection) error {
	stored, err := p.rejected.has(ctx, p.js, r)
	if stored || err != nil {
		return err
	}
	ev, err := r.CloudEvent(p.publicURL, time.Now())
	if err != nil {
		return err
	}
	msg, err := Message(events.Subject(events.TypeRejected, r.ShipmentID), ev)
	if err != nil {
		return err
	}
	_, err = p.store(ctx, msg, jetstream.WithExpectStream(events.StreamRejections))
	return err
}

// Rejected reports whether the input of a rejection has been rejected already.
func (p *Publisher) Rejected(ctx context.Context, r events.Rejection) (bool, error) {
	return p.rejected.has(ctx, p.js, r)
}
