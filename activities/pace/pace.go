package pace

import (
	"context"
	"time"
)

// Every calls beat after each interval, until ctx is done or stop is called.
// The first call comes after one interval. Calls never overlap: the next
// interval begins when beat returns.
//
// stop waits for a call that is under way, so that nothing of beat happens after
// it. It may be called more than once, but not by beat itself, which would wait
// for its own end.
//
// It costs a timer; no goroutine runs between two calls.
func Every(ctx context.Context, interval time.Duration, beat func()) (stop func()) {
	var timer *time.Timer
	var stopped bool
	turn := make(chan struct{}, 1) // held by whoever uses the two
	turn <- struct{}{}
	timer = time.AfterFunc(interval, func() {
		turn <- struct{}{}
		defer func() { <-turn }()
		if stopped || ctx.Err() != nil {
			return
		}
		beat()
		timer.Reset(interval)
	})
	<-turn
	return func() {
		turn <- struct{}{}
		defer func() { <-turn }()
		stopped = true
		timer.Stop()
	}
}

// Sleep waits and returns true, or returns false as soon as ctx is done. It does
// not wait for a duration that is not positive.
func Sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
