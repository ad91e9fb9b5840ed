package index

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"shipments/events"
	"shipments/events/streams"
)

const (
	// doubtInterval is how often doubtful shipments are looked up.
	doubtInterval = 2 * time.Second
	// doubtAge is how old a doubtful shipment is before it is looked up: most inputs are
	// accepted sooner, and most acceptances are soon followed by their inputs, if these
	// were not read before.
	doubtAge = 5 * time.Second
	// doubtConcurrency bounds the look-ups at once.
	doubtConcurrency = 8
)

// dropOlder removes shipments that are older than the view, of which it has read a later
// message: an input that repeats that of an older shipment, whose ledger entry was
// stored before, and an acceptance of an input that was stored before. The first would be
// pending for ever. A view that has all that the streams hold has none.
func (x *Index) dropOlder(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(doubtInterval):
		}
		before := time.Now().Add(-doubtAge).UnixNano()
		x.lookUpAll(ctx, func(r *record) bool { return r.opened < before })
	}
}

// lookUpAll looks up the doubtful shipments that it is time for, several at once.
func (x *Index) lookUpAll(ctx context.Context, isTime func(*record) bool) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(doubtConcurrency)
	for _, id := range x.takeDoubtful(isTime) {
		group.Go(func() error {
			x.lookUp(ctx, id)
			return nil
		})
	}
	_ = group.Wait() // Look-ups return no error.
}

// takeDoubtful takes the ids of the doubtful shipments that it is time for.
func (x *Index) takeDoubtful(isTime func(*record) bool) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var take, keep []string
	for _, id := range x.doubtful {
		i, known := x.byID[id]
		switch {
		case !known, x.records[i].seen&confirmed != 0, x.records[i].isPlain():
		case isTime(&x.records[i]):
			take = append(take, id)
		default:
			keep = append(keep, id)
		}
	}
	x.doubtful = keep
	return take
}

// isOrphan reports whether the view has the acceptance without the input.
func (r *record) isOrphan() bool { return r.seen&seenAccepted != 0 && r.described == 0 }

// isPlain reports whether the view has both the input and the acceptance, so that the
// shipment is none of an older story.
func (r *record) isPlain() bool { return r.seen&seenAccepted != 0 && r.described != 0 }

// lookUp asks for what decides about a doubtful shipment: its ledger entry or, if the
// view has that, its first input. An input that was published without its id in the
// subject is not found; the shipment stays.
func (x *Index) lookUp(ctx context.Context, id string) {
	x.mu.RLock()
	i, known := x.byID[id]
	orphan := known && x.records[i].isOrphan()
	x.mu.RUnlock()
	var opening *jetstream.RawStreamMsg
	var err error
	if orphan {
		opening, err = x.firstInput(ctx, id)
	} else {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		opening, err = streams.LastDirect(ctx, x.config.JetStream, events.StreamEvents, events.Subject(events.TypeAccepted, id))
	}
	x.settle(id, opening, orphan, err)
}

// firstInput is the first input of a shipment that has the id in its subject, or nil.
func (x *Index) firstInput(ctx context.Context, id string) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return streams.First(ctx, x.config.JetStream, streams.Range{Stream: events.StreamShipments, From: 1, Subject: events.Subject(events.TypeCreated, id)})
}

// settle decides about a doubtful shipment by the message that may have opened its
// story; nil if there is none.
func (x *Index) settle(id string, opening *jetstream.RawStreamMsg, orphan bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	i, known := x.byID[id]
	switch {
	case !known:
	case err != nil, orphan && opening != nil && opening.Time.UnixNano() >= x.completeSince:
		x.doubtful = append(x.doubtful, id) // Its input will be read.
	case opening != nil && opening.Time.UnixNano() < x.records[i].opened:
		x.remove(i)
		x.version.Add(1)
	default:
		x.records[i].seen |= confirmed
	}
}
