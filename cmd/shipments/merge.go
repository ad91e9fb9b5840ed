package main

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events/streams"
	"shipments/hosts"
)

// holdBack is how long a message waits at most for an older one of another stream
// while both are followed live.
const holdBack = 200 * time.Millisecond

// merged is something that happened to one of the ranges that merge follows.
type merged struct {
	source int
	// msg is the next message; nil at the end of what is stored.
	msg     *streams.Followed
	arrived time.Time
	err     error
}

// merge calls each for the messages of ranges in the order in which they were
// stored: those that are stored, and then those that come. It ends when each
// fails, a stream cannot be read, ctx is done, or all before until was shown, if
// until is not zero. A connection that breaks is waited for.
func merge(ctx context.Context, js jetstream.JetStream, ranges []streams.Range, until time.Time, each func(stream string, msg streams.Followed) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	news := make(chan merged)
	more := make([]chan struct{}, len(ranges))
	for i, r := range ranges {
		more[i] = make(chan struct{})
		go followFor(ctx, js, r, merged{source: i}, news, more[i])
	}
	heads := make([]*merged, len(ranges))
	ends := make([]time.Time, len(ranges)) // when a range was last at its end
	ticker := time.NewTicker(holdBack / 4)
	defer ticker.Stop()
	for {
		for i := next(heads, ends); i >= 0; i = next(heads, ends) {
			head := heads[i]
			if !until.IsZero() && !head.msg.Time.Before(until) {
				return nil // So are all that follow.
			}
			if err := each(ranges[i].Stream, *head.msg); err != nil {
				return err
			}
			heads[i] = nil
			select {
			case more[i] <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if !until.IsZero() && allAfter(ends, until) && noneWaits(heads) {
			return nil
		}
		select {
		case n := <-news:
			switch {
			case n.err != nil:
				return n.err
			case n.msg == nil:
				ends[n.source] = n.arrived
			default:
				heads[n.source] = &n
			}
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// followFor follows a range, and waits after each message until there may be more.
func followFor(ctx context.Context, js jetstream.JetStream, r streams.Range, as merged, news chan<- merged, more <-chan struct{}) {
	send := func(n merged) {
		n.source, n.arrived = as.source, time.Now()
		select {
		case news <- n:
		case <-ctx.Done():
		}
	}
	for {
		err := streams.Follow(ctx, js, r, func(msg streams.Followed) {
			r.From, r.Since = msg.Sequence+1, time.Time{}
			send(merged{msg: &msg})
			select {
			case <-more:
			case <-ctx.Done():
			}
		}, func() { send(merged{}) })
		if ctx.Err() != nil {
			return
		}
		if !isTransient(js.Conn(), err) && !hosts.IsDisconnected(err) {
			send(merged{err: err})
			return
		}
		select {
		case <-time.After(attemptInterval):
		case <-ctx.Done():
			return
		}
	}
}

// next is the range whose message comes next; -1 if that is not known yet.
func next(heads []*merged, ends []time.Time) int {
	first := -1
	for i, h := range heads {
		if h != nil && (first < 0 || h.msg.Time.Before(heads[first].msg.Time)) {
			first = i
		}
	}
	if first < 0 {
		return -1
	}
	arrived := heads[first].arrived
	for i, h := range heads {
		if h == nil && (ends[i].IsZero() || ends[i].Before(arrived) && time.Since(arrived) < holdBack) {
			return -1
		}
	}
	return first
}

func allAfter(times []time.Time, t time.Time) bool {
	for _, one := range times {
		if !one.After(t) {
			return false
		}
	}
	return true
}

func noneWaits(heads []*merged) bool {
	for _, h := range heads {
		if h != nil {
			return false
		}
	}
	return true
}
