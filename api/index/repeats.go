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
	// doubtAge is how old an input is that no process has accepted before it is
	// looked up: most are accepted sooner.
	doubtAge = 5 * time.Second
	// doubtConcurrency bounds the look-ups at once.
	doubtConcurrency = 8
)

// dropRepeats removes shipments whose input repeats that of a shipment older than
// the view: their ledger entry was stored before. Without it they would be
// pending for ever. A view that has all that the streams hold has none.
func (x *Index) dropRepeats(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(doubtInterval):
		}
		look := x.takeDoubtful(time.Now().Add(-doubtAge))
		group, looking := errgroup.WithContext(ctx)
		group.SetLimit(doubtConcurrency)
		for _, id := range look {
			group.Go(func() error {
				x.lookUp(looking, id)
				return nil
			})
		}
		_ = group.Wait() // Look-ups return no error.
	}
}

// takeDoubtful takes the ids of the doubtful shipments that opened before a time.
func (x *Index) takeDoubtful(before time.Time) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var take, keep []string
	for _, id := range x.doubtful {
		i, known := x.byID[id]
		switch {
		case !known, x.records[i].seen&(seenAccepted|confirmed) != 0:
		case x.records[i].opened > before.UnixNano():
			keep = append(keep, id)
		default:
			take = append(take, id)
		}
	}
	x.doubtful = keep
	return take
}

func (x *Index) lookUp(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	entry, err := streams.LastDirect(ctx, x.config.JetStream, events.StreamEvents, events.Subject(events.TypeAccepted, id))
	x.settle(id, entry, err)
}

// settle decides about a doubtful shipment by its ledger entry.
func (x *Index) settle(id string, entry *jetstream.RawStreamMsg, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	i, known := x.byID[id]
	switch {
	case !known:
	case err != nil:
		x.doubtful = append(x.doubtful, id)
	case entry != nil && entry.Time.UnixNano() < x.records[i].opened:
		x.remove(i)
		x.version.Add(1)
	default:
		x.records[i].seen |= confirmed
	}
}
