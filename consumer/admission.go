package consumer

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/activities/pace"
)

const (
	// refreshInterval is the time between two refreshes of the in-flight count. Between
	// them no more messages are pulled than the last refresh found available, except
	// for the trickle. When these are used up, the next refresh is due earlier: after
	// refreshInterval × in flight / limit, at least minRefreshInterval. So a high limit
	// does not bound the rate.
	refreshInterval = 250 * time.Millisecond
	// minRefreshInterval is the least time between two refreshes.
	minRefreshInterval = 10 * time.Millisecond
	// refreshTimeout limits one refresh.
	refreshTimeout = time.Second
	// trickle is how often one message is admitted although none is available. A
	// count that stays wrong slows the consumer down, but does not stop it.
	trickle = time.Second
	// staleAfter is the time after its acceptance from which a shipment no longer
	// counts as in flight, even without documents. It is taken to wait for a carrier,
	// not for a worker.
	staleAfter = time.Minute
)

// admission limits the shipments in flight: those that are being handed to
// Temporal, or have been, and whose documents are not generated yet. A message
// that waits in JetStream costs nothing. One that is handed on too early slows
// down all shipments in flight, until their tasks time out. From the documents on
// a shipment waits for its collection, which may take days.
//
// admission is not safe for concurrent use.
type admission struct {
	limit int // shipments; 0 means no limit
	// handling counts the messages that are being handed to Temporal.
	handling func() int
	// backlog counts the processes that no worker has begun yet.
	backlog func(context.Context) (int, error)
	// underWay counts the shipments whose process has begun.
	underWay underWay
	// onCount is called with each count; optional.
	onCount   func(inFlight int, atLimit bool)
	available int
	// earliestRefresh is when to refresh if none is available; latestRefresh when to refresh
	// anyway.
	earliestRefresh, latestRefresh time.Time
	// lastAdmitted is when a message was last admitted.
	lastAdmitted time.Time
}

// follow follows the shipments that are under way until ctx is done. It returns at
// once if there is no limit.
func (a *admission) follow(ctx context.Context, js jetstream.JetStream) error {
	if a.limit == 0 {
		return nil
	}
	return a.underWay.follow(ctx, js)
}

// admit returns how many messages may be pulled, at most most. It waits until at least
// one may be pulled, and returns 0 only when ctx is done. While the in-flight count
// cannot be read, it admits as if nothing were in flight: if Temporal is unavailable,
// the next call to it shows that.
func (a *admission) admit(ctx context.Context, most int) int {
	if a.limit == 0 {
		return most
	}
	for ctx.Err() == nil {
		now := time.Now()
		if !now.Before(a.latestRefresh) || (a.available <= 0 && !now.Before(a.earliestRefresh)) {
			a.refresh(ctx)
		}
		if a.available > 0 || time.Since(a.lastAdmitted) >= trickle {
			a.lastAdmitted = time.Now()
			return min(max(a.available, 1), most)
		}
		pace.Sleep(ctx, time.Until(a.earliestRefresh))
	}
	return 0
}

// pulled notes that a message was pulled.
func (a *admission) pulled() { a.available-- }

// report reports a count.
func (a *admission) report(inFlight int) {
	if a.onCount != nil {
		a.onCount(inFlight, a.available <= 0)
	}
}

// refresh counts the shipments in flight.
func (a *admission) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	backlog, err := a.backlog(ctx)
	a.latestRefresh = time.Now().Add(refreshInterval)
	if err != nil {
		a.available, a.earliestRefresh = a.limit, a.latestRefresh
		a.report(a.handling())
		return
	}
	started := backlog + a.underWay.count()
	spent := min(1, float64(started)/float64(a.limit))
	a.available = a.limit - started - a.handling()
	a.report(a.limit - a.available)
	a.earliestRefresh = time.Now().Add(max(minRefreshInterval, time.Duration(spent*float64(refreshInterval))))
}
