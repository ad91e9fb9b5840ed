package streams

import (
	"context"
	"fmt"
	"sync"
	"time"

	"shipments/events"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
)

// rejectionIndex knows the rejections that are stored since a time. It reads
// each once and goes on from there, so that a burst of garbage costs as much
// for every event in it. It is safe for concurrent use; the zero value is empty.
type rejectionIndex struct {
	mu    sync.Mutex
	known map[uuid.UUID]struct{}
	since time.Time
	next  uint64 // where to read on; 0 for the first message since then
}

const (
	// indexed rejections take some 50 bytes each; when they are more than so
	// many, those that are older than the inputs at hand are forgotten.
	maxIndexed = 100_000
	// indexMargin keeps inputs that arrive out of order within the index, and
	// it from being made anew too often.
	indexMargin = time.Minute
)

// has looks for the rejection of the same input. It cannot be older than the
// input.
func (x *rejectionIndex) has(ctx context.Context, js jetstream.JetStream, r events.Rejection) (bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	since := r.Input.StoredAt
	if x.known != nil && since.Before(x.since) {
		// An old one: its shipment's rejections are few.
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
