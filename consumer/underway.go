package consumer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/activities/pace"
	"shipments/events"
	"shipments/events/streams"
)

const (
	// gapInterval is the time between two checks for missed events.
	gapInterval = time.Second
	// gapMargin is how far before the last check without a gap the stream is read again.
	gapMargin = 5 * time.Second
)

// underWay counts the shipments between their acceptance and their documents, or
// their end. It receives the outcome events as they are published, in no certain
// order: an acceptance that comes after what ends it does not count. What is
// missed, because the connection was down or too much came at once, is read from
// the stream. It is safe for concurrent use.
type underWay struct {
	mu    sync.Mutex
	since map[string]time.Time // by shipment id
	ended map[string]time.Time // by shipment id, for staleAfter
}

// follow follows the outcome events until ctx is done, beginning with those of the
// last staleAfter: shipments that are under way already count too.
func (u *underWay) follow(ctx context.Context, js jetstream.JetStream) error {
	var subscriptions []*nats.Subscription
	defer func() {
		for _, s := range subscriptions {
			_ = s.Unsubscribe() // On a closed connection it fails, and has no effect.
		}
	}()
	for _, eventType := range append(slices.Clone(endsUnderWay), events.TypeAccepted) {
		s, err := js.Conn().Subscribe(eventType+".*", func(msg *nats.Msg) { u.note(msg.Subject) })
		if err != nil {
			return fmt.Errorf("subscribe to %s: %w", eventType, err)
		}
		subscriptions = append(subscriptions, s)
	}
	complete := time.Now().Add(-staleAfter) // The events up to this time are counted.
	readGaps, readAgain := -1, false        // the gaps at the last read, and whether to read once more
	for ctx.Err() == nil {
		began, gaps := time.Now(), gapsIn(js.Conn(), subscriptions)
		if gaps == readGaps && !readAgain {
			complete = began
		} else if err := u.read(ctx, js, complete.Add(-gapMargin)); err == nil {
			// Twice: an event that was published before the server had the
			// subscriptions may be stored only after the first read.
			readAgain, readGaps = gaps != readGaps, gaps
		}
		u.forget()
		pace.Sleep(ctx, gapInterval)
	}
	return nil
}

// gapsIn is a number that grows with each gap in what subscriptions received.
func gapsIn(nc *nats.Conn, subscriptions []*nats.Subscription) int {
	gaps := int(nc.Stats().Reconnects)
	for _, s := range subscriptions {
		dropped, err := s.Dropped()
		if err == nil {
			gaps += dropped
		}
	}
	return gaps
}

// read notes the events that were stored since a time.
func (u *underWay) read(ctx context.Context, js jetstream.JetStream, since time.Time) error {
	return streams.Walk(ctx, js, streams.Range{Stream: events.StreamEvents, Since: since}, func(msg *jetstream.RawStreamMsg) bool {
		u.note(msg.Subject)
		return true
	})
}

// endsUnderWay are the types of the events after which a shipment does not count.
var endsUnderWay = append(events.Endings(), events.TypeDocumentsGenerated)

func (u *underWay) note(subject string) {
	eventType, id := events.SplitSubject(subject)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.since == nil {
		u.since, u.ended = map[string]time.Time{}, map[string]time.Time{}
	}
	_, ended := u.ended[id]
	switch {
	case eventType == events.TypeAccepted && !ended:
		u.since[id] = time.Now()
	case slices.Contains(endsUnderWay, eventType):
		delete(u.since, id)
		u.ended[id] = time.Now()
	}
}

func (u *underWay) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.DeleteFunc(u.since, isStale)
	return len(u.since)
}

// forget forgets the shipments that have ended long ago.
func (u *underWay) forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.DeleteFunc(u.ended, isStale)
}

func isStale(_ string, at time.Time) bool { return time.Since(at) > staleAfter }
