package loadtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/activities/pace"
	"shipments/events/streams"
)

// requestWithin bounds one question to JetStream.
const requestWithin = 10 * time.Second

// followAgain is the pause before reading goes on after an error.
const followAgain = 100 * time.Millisecond

// position is where a stream stood before the run: what concerns it comes after.
type position struct {
	stream string
	last   uint64
}

// lastSequence asks how far a stream has come.
func lastSequence(ctx context.Context, js jetstream.JetStream, stream string) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	handle, err := js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, fmt.Errorf("there is no stream %s: start a host, or use `shipments streams apply`", stream)
	}
	if err != nil {
		return 0, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	return handle.CachedInfo().State.LastSeq, nil
}

// follow notes the events of this run that come after a position, until ctx is
// done. It goes on where it was when a connection breaks.
func (r *run) follow(ctx context.Context, from position) {
	next := from.last + 1
	for ctx.Err() == nil {
		_ = streams.Follow(ctx, r.JS, streams.Range{Stream: from.stream, From: next}, func(msg streams.Followed) { // It is tried again.
			next = msg.Sequence + 1
			if number, k, ours := r.eventOf(msg.Subject); ours {
				r.tracker.arrived(number, k)
			}
		}, func() {})
		pace.Sleep(ctx, followAgain)
	}
}

// eventOf returns the event that a subject is for, and the number of its shipment.
// ours is false for a shipment of another run.
func (r *run) eventOf(subject string) (number int, k kind, ours bool) {
	eventType, id := split(subject)
	if k, ours = kindsByType[eventType]; !ours {
		return 0, 0, false
	}
	number, ours = r.ids.number(id)
	return number, k, ours
}
