package main

import (
	"context"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"shipments/events/streams"
	"shipments/hosts"
)

const (
	// holdBack is how long a message waits at most for an older one of another stream
	// while both are followed live.
	holdBack = 200 * time.Millisecond
	// readAhead bounds the bytes that are read of a range and not shown yet.
	readAhead = 8 << 20
	// overhead is what a message takes beside its data, roughly.
	overhead = 512
)

// merged is something that happened to one of the ranges that merge follows.
type merged struct {
	source int
	// msg is the next message; nil at the end of what is stored.
	msg     *streams.Followed
	arrived time.Time
	err     error
}

// weight is what a message takes of readAhead.
func weight(msg *streams.Followed) int64 { return min(int64(len(msg.Data)+overhead), readAhead) }

// merger merges ranges of streams. One goroutine uses it; those that follow the ranges
// use room and news alone.
type merger struct {
	ranges []streams.Range
	queues [][]merged            // read and not shown, by range
	room   []*semaphore.Weighted // what is left of readAhead
	ends   []time.Time           // when a range was last at its end
	news   chan merged
}

// merge calls each for the messages of ranges in the order in which they were
// stored: those that are stored, and then those that come. It ends when each
// fails, a stream cannot be read, ctx is done, or all before until was shown, if
// until is not zero. A connection that breaks is waited for.
func merge(ctx context.Context, js jetstream.JetStream, ranges []streams.Range, until time.Time, each func(stream string, msg streams.Followed) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := merger{ranges: ranges, queues: make([][]merged, len(ranges)), ends: make([]time.Time, len(ranges)), news: make(chan merged)}
	for range ranges {
		m.room = append(m.room, semaphore.NewWeighted(readAhead))
	}
	for i := range ranges {
		go m.follow(ctx, js, i)
	}
	ticker := time.NewTicker(holdBack / 4)
	defer ticker.Stop()
	for {
		done, err := m.show(until, each)
		if done || err != nil {
			return err
		}
		select {
		case n := <-m.news:
			switch {
			case n.err != nil:
				return n.err
			case n.msg == nil:
				m.ends[n.source] = n.arrived
			default:
				m.queues[n.source] = append(m.queues[n.source], n)
			}
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// show calls each for the messages whose turn it is. It is done when all before until
// was shown.
func (m *merger) show(until time.Time, each func(stream string, msg streams.Followed) error) (done bool, err error) {
	for i := m.next(); i >= 0; i = m.next() {
		msg := m.queues[i][0].msg
		if !until.IsZero() && !msg.Time.Before(until) {
			return true, nil // So are all that follow.
		}
		if err := each(m.ranges[i].Stream, *msg); err != nil {
			return true, err
		}
		m.queues[i] = m.queues[i][1:]
		m.room[i].Release(weight(msg))
	}
	waits := slices.ContainsFunc(m.queues, func(q []merged) bool { return len(q) > 0 })
	return !until.IsZero() && allAfter(m.ends, until) && !waits, nil
}

// follow reads a range ahead of what is shown.
func (m *merger) follow(ctx context.Context, js jetstream.JetStream, source int) {
	r := m.ranges[source]
	send := func(n merged) {
		n.source, n.arrived = source, time.Now()
		select {
		case m.news <- n:
		case <-ctx.Done():
		}
	}
	for {
		err := streams.Follow(ctx, js, r, func(msg streams.Followed) {
			if m.room[source].Acquire(ctx, weight(&msg)) != nil {
				return // ctx is done.
			}
			r.From, r.Since = msg.Sequence+1, time.Time{}
			send(merged{msg: &msg})
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
func (m *merger) next() int {
	first := -1
	for i, q := range m.queues {
		if len(q) > 0 && (first < 0 || q[0].msg.Time.Before(m.queues[first][0].msg.Time)) {
			first = i
		}
	}
	if first < 0 {
		return -1
	}
	arrived := m.queues[first][0].arrived
	for i, q := range m.queues {
		if len(q) == 0 && (m.ends[i].IsZero() || m.ends[i].Before(arrived) && time.Since(arrived) < holdBack) {
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
