package loadtest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"shipments/activities/pace"
	"shipments/events"
	"shipments/shipment/sample"
)

// Source is the CloudEvents source of what a load test publishes.
const Source = "/shipments/loadtest"

const (
	// maxInFlight bounds the publications that wait for their acknowledgement,
	// over all workers. They do not hold up the workers, so that a slow answer
	// does not slow the pace that was asked for.
	maxInFlight = 256
	// acknowledgeWithin bounds the wait for one acknowledgement.
	acknowledgeWithin = 5 * time.Second
	// retryAfter is doubled with every failure, up to retryAtLatest.
	retryAfter    = 100 * time.Millisecond
	retryAtLatest = 2 * time.Second
)

// publish publishes all shipments, each when it is due, and returns when every
// acknowledgement has been awaited. Once ctx is done it begins and repeats no more.
func (r *run) publish(ctx context.Context) {
	slots := make(chan struct{}, maxInFlight)
	var all sync.WaitGroup
	for worker := range r.Workers {
		all.Go(func() { r.work(ctx, worker, slots, &all) })
	}
	all.Wait()
}

// work is one worker. The workers take turns: shipment n of the run is due n
// spacings after its start, so that they never publish in step, and one that
// was held up catches up.
func (r *run) work(ctx context.Context, worker int, slots chan struct{}, all *sync.WaitGroup) {
	for i := range r.Shipments {
		number := i*r.Workers + worker
		if !pace.Sleep(ctx, time.Until(r.tracker.start.Add(time.Duration(number)*r.spacing()))) {
			return
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		all.Go(func() {
			defer func() { <-slots }()
			if err := r.publishOne(ctx, number); err != nil {
				r.fail(err)
			}
		})
	}
}

// publishOne publishes a shipment until it is acknowledged. It repeats the very
// same event, so that JetStream recognises one that it has stored already.
func (r *run) publishOne(ctx context.Context, number int) error {
	id, now := r.ids.id(number), time.Now()
	ev, err := events.NewCreated(id, Source, now, sample.Shipment(id, now))
	if err != nil {
		return fmt.Errorf("make shipment %s: %w", id, err)
	}
	r.tracker.publish(number)
	for wait := retryAfter; ; wait = min(2*wait, retryAtLatest) {
		// What has been sent is seen through, also when the run is interrupted.
		once, cancel := context.WithTimeout(context.WithoutCancel(ctx), acknowledgeWithin)
		_, err := r.Publisher.PublishCreated(once, ev, id)
		cancel()
		if err == nil {
			r.tracker.acknowledge(number)
			return nil
		}
		r.tracker.publishFailed(err)
		if !pace.Sleep(ctx, wait) {
			return nil
		}
	}
}
