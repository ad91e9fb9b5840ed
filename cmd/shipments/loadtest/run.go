package loadtest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"shipments/activities/pace"
	"shipments/events"
)

const (
	// settling is how long is watched on after the last shipment has ended:
	// what is stored twice, or rejected, often comes right behind.
	settling = time.Second
	// tick is how often is looked how the run stands.
	tick = 200 * time.Millisecond
)

// run is the state of one load test.
type run struct {
	Config

	ids     ids
	tracker *tracker
	// before are where the streams stood.
	before []position
	failed chan error
}

// ending is why a run ended.
type ending int

const (
	finished    ending = iota // every shipment has ended
	timedOut                  // nothing moved for too long
	interrupted               // its context was done
)

// Run publishes shipments, follows them to their end, and assesses them. A bad
// outcome is no error but a report with problems; so are an interruption, which
// is ctx being done, and a timeout. An error says that there is nothing to
// report: a wrong configuration, or streams that could not be read.
func Run(ctx context.Context, config Config) (Report, error) {
	if err := config.Validate(); err != nil {
		return Report{}, err
	}
	r := &run{Config: config, ids: newIDs(config.Categories, config.total()), failed: make(chan error, 1)}
	for _, stream := range []string{events.StreamEvents, events.StreamRejections} {
		last, err := lastSequence(ctx, r.JS, stream)
		if err != nil {
			return Report{}, err
		}
		r.before = append(r.before, position{stream: stream, last: last})
	}
	end, err := r.load(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("run %s: %w", r.ids.run, err)
	}
	// What was published before an interruption is assessed too.
	if err := r.verify(context.WithoutCancel(ctx)); err != nil {
		return Report{}, fmt.Errorf("run %s could not be verified: %w", r.ids.run, err)
	}
	return r.report(end), nil
}

// load publishes and follows until the run ends. The followers start before
// the first shipment and stop after the last.
func (r *run) load(ctx context.Context) (ending, error) {
	following, stopFollowing := context.WithCancel(ctx)
	var followers sync.WaitGroup
	defer followers.Wait()
	defer stopFollowing()
	r.tracker = newTracker(r.total(), r.CollectionDelay)
	for _, from := range r.before {
		followers.Go(func() { r.follow(following, from) })
	}
	publishing, stop := context.WithCancel(ctx)
	published := make(chan struct{})
	go func() {
		defer close(published)
		r.publish(publishing)
	}()
	end, err := r.wait(ctx)
	stop()
	<-published
	if err == nil && end != interrupted && !pace.Sleep(ctx, settling) {
		end = interrupted
	}
	return end, err
}

// wait shows how the run goes until it ends.
func (r *run) wait(ctx context.Context) (ending, error) {
	progress := newProgress(r.Progress, r.Terminal)
	defer func() {
		standing, _ := r.tracker.standing()
		progress.end(time.Since(r.tracker.start), standing)
	}()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-r.tracker.allEnded:
			return finished, nil
		case <-ctx.Done():
			return interrupted, nil
		case err := <-r.failed:
			return 0, err
		case <-ticker.C:
			standing, idle := r.tracker.standing()
			progress.show(time.Since(r.tracker.start), standing)
			if idle > r.patience() {
				return timedOut, nil
			}
		}
	}
}

// fail ends the run with an error, unless there is one already.
func (r *run) fail(err error) {
	select {
	case r.failed <- err:
	default:
	}
}
