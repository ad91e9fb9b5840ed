package streams

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
)

// rejectionIndex has the ids of the rejections that are stored since a time. It
// reads each rejection once and goes on behind it: in a burst of invalid
// messages, each costs the same. It is safe for concurrent use; the zero value
// is empty.
type rejectionIndex struct {
	mu    sync.Mutex
	known map[uuid.UUID]struct{}
	since time.Time
	next  uint64 // where to read on; 0 for the first message since then
}

const (
	// maxIndexed bounds the index, which takes some 50 bytes per rejection. An
	// index with more is made anew, and begins shortly before the input at hand.
	maxIndexed = 100_000
	// indexMargin is how long before the input at hand an index begins: inputs
	// may come out of order.
	indexMargin = time.Minute
)

// has looks for the rejection of the same input. A rejection is never older than
// its input.
func (x *rejectionIndex) has(ctx context.Context, js jetstream.JetStream, r events.Rejection) (bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	since := r.Input.StoredAt
	if x.known != nil && since.Before(x.since) {
		// Its shipment's rejections are few.
		return hasRejection(ctx, js, r)
	}
	if outgrown := len(x.known) > maxIndexed && since.Sub(x.since) > 2*indexMargin; x.known == nil || outgrown {
		x.known, x.since, x.next = map[uuid.UUID]struct{}{}, since.Add(-indexMargin), 0
	}
	all := Range{Stream: events.StreamRejections, Subject: events.TypeRejected + ".*", From: x.next, Since: x.since}
	err := Walk(ctx, js, all, func(msg *jetstream.RawStreamMsg) bool {
		x.next = msg.Sequence + 1
		if id, err := uuid.Parse(msg.Header.Get(jetstream.MsgIDHeader)); err == nil {
			x.known[id] = struct{}{}
		}
		return true
	})
	if err != nil {
		return false, fmt.Errorf("look for an earlier rejection: %w", err)
	}
	id, err := uuid.Parse(r.EventID())
	if err != nil {
		return false, err
	}
	_, found := x.known[id]
	return found, nil
}

// hasRejection looks for the rejection of the same input without an index.
func hasRejection(ctx context.Context, js jetstream.JetStream, r events.Rejection) (found bool, err error) {
	id := r.EventID()
	its := Range{Stream: events.StreamRejections, Subject: events.Subject(events.TypeRejected, r.ShipmentID), Since: r.Input.StoredAt}
	err = Walk(ctx, js, its, func(msg *jetstream.RawStreamMsg) bool {
		found = msg.Header.Get(jetstream.MsgIDHeader) == id
		return !found
	})
	if err != nil {
		return false, fmt.Errorf("look for an earlier rejection: %w", err)
	}
	return found, nil
}
