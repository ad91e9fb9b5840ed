package consumer

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"shipments/events"
)

const (
	// lookEvery is how often is looked how many shipments are in flight while
	// messages arrive: between two looks no more are pulled than the last one
	// left room for. Once that is used up the next look is the sooner the more
	// room there was, so that a budget that is far from spent is no limit to how
	// many messages per second are taken to Temporal.
	lookEvery = 250 * time.Millisecond
	// lookSoon is the least between two looks.
	lookSoon = 10 * time.Millisecond
	// trickle is how often a message is admitted although there is no room: a
	// count that is wrong for good slows the consumer down, and never stops it.
	trickle = time.Second
	// lookTimeout bounds one look.
	lookTimeout = time.Second
	// longUnderWay is when a shipment does not count as in flight any more
	// although it has got no further: it waits for a carrier, not for us.
	longUnderWay = time.Minute
)

// admission bounds the shipments in flight: those handed to Temporal, or on
// their way there, whose documents are not there yet. A message that waits in JetStream costs nothing;
// one that is handed on before there is time for it makes all that are in
// flight slower, and late enough for their tasks to time out. So while as many
// are in flight as the budget allows, no more messages are pulled. From the
// documents on a shipment waits for its collection, which may take days.
//
// One goroutine asks it.
type admission struct {
	budget int // shipments; 0 is no bound
	// handled counts the messages that are on their way to Temporal.
	handled func() int
	// waiting counts the shipments whose process no worker has begun yet.
	waiting func(context.Context) (int, error)
	// underWay are those whose process has begun.
	underWay underWay
	room     int
	// nextLook is when to look again once there is no room, and outdated when
	// to look in any case.
	nextLook, outdated time.Time
	// admittedLast is when there was room, or a message was let through.
	admittedLast time.Time
}

// watch begins to follow what is under way, if there is a bound; the returned
// function ends it.
func (a *admission) watch(nc *nats.Conn) (stop func(), err error) {
	if a.budget == 0 {
		return func() {}, nil
	}
	return a.underWay.watch(nc)
}

// admit waits until there is room, but for a trickle, and returns for how many
// messages, at most most. It returns 0 when ctx is done. While it cannot be
// learnt how many are in flight, everything is admitted: whether Temporal is
// away, its next call tells.
func (a *admission) admit(ctx context.Context, most int) int {
	if a.budget == 0 {
		return most
	}
	for ctx.Err() == nil {
		now := time.Now()
		if !now.Before(a.outdated) || (a.room <= 0 && !now.Before(a.nextLook)) {
			a.look(ctx)
		}
		if a.room > 0 || time.Since(a.admittedLast) >= trickle {
			a.admittedLast = time.Now()
			return min(max(a.room, 1), most)
		}
		pause(ctx, time.Until(a.nextLook))
	}
	return 0
}

// admitted notes that a message was pulled.
func (a *admission) admitted() { a.room-- }

// look counts what is in flight, and so the room that is left.
func (a *admission) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	waiting, err := a.waiting(ctx)
	a.outdated = time.Now().Add(lookEvery)
	if err != nil {
		a.room, a.nextLook = a.budget, a.outdated
		return
	}
	begun := waiting + a.underWay.count()
	spent := min(1, float64(begun)/float64(a.budget))
	a.room = a.budget - begun - a.handled()
	a.nextLook = time.Now().Add(max(lookSoon, time.Duration(spent*float64(lookEvery))))
}

// underWay follows the outcome events: a shipment is under way from its
// acceptance until its documents are there or it has ended. The events are
// watched as they pass, not read from the stream, so that some may be missed
// while the connection is down; then those that have got further leave late.
// It is safe for concurrent use.
type underWay struct {
	mu    sync.Mutex
	since map[string]time.Time // by shipment id
}

// watch subscribes to the events that tell; the subscriptions end with the
// connection or with the returned function.
func (u *underWay) watch(nc *nats.Conn) (stop func(), err error) {
	var subscriptions []*nats.Subscription
	stop = func() {
		for _, s := range subscriptions {
			_ = s.Unsubscribe() // It fails on a closed connection, where it is over anyway.
		}
	}
	for _, eventType := range []string{
		events.TypeAccepted, events.TypeDocumentsGenerated, events.TypeCompleted, events.TypeFailed, events.TypeCancelled,
	} {
		s, err := nc.Subscribe(eventType+".*", func(msg *nats.Msg) { u.note(msg.Subject) })
		if err != nil {
			stop()
			return nil, fmt.Errorf("watch %s: %w", eventType, err)
		}
		subscriptions = append(subscriptions, s)
	}
	return stop, nil
}

func (u *underWay) note(subject string) {
	id := events.SubjectShipment(subject)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.since == nil {
		u.since = map[string]time.Time{}
	}
	if strings.HasPrefix(subject, events.TypeAccepted+".") {
		u.since[id] = time.Now()
	} else {
		delete(u.since, id)
	}
}

func (u *underWay) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, since := range u.since {
		if time.Since(since) > longUnderWay {
			delete(u.since, id)
		}
	}
	return len(u.since)
}
