package index

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"shipments/events"
	"shipments/events/streams"
)

const (
	// retryInterval is the pause before the streams are read anew.
	retryInterval = time.Second
	// resumeInterval is the pause before the reading of a stream goes on.
	resumeInterval = 100 * time.Millisecond
	// logAfter is how long a stream cannot be read before that is logged.
	logAfter = time.Minute
	// checkInterval is how often the streams are compared with what was read.
	checkInterval = 10 * time.Second
	// askTimeout bounds one question to JetStream.
	askTimeout = 5 * time.Second
	// eventsPerShipment is how many messages of SHIPMENT_EVENTS are read for each
	// shipment of the view, where no input says from when on they are needed.
	eventsPerShipment = 8
)

// errReplaced ends the reading of streams of which one was made anew.
var errReplaced = errors.New("a stream was made anew")

// Run fills the view until ctx is done, and then returns nil. It waits for the
// streams, and goes on where it was after an interruption of any length. If a
// stream was made anew, the view begins anew.
func (x *Index) Run(ctx context.Context) error {
	logged := ""
	for {
		err := x.build(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was stopped
		}
		if err.Error() != logged {
			logged = err.Error()
			x.config.Log.Warn().Err(err).Msg("The view of recent shipments is read anew")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryInterval):
		}
	}
}

// start is where the reading of a stream starts.
type start struct {
	stream string
	from   uint64
	since  time.Time
	// last is the last message that the stream has at the start; 0 for none to read.
	last uint64
	// partly: the stream has messages before from.
	partly bool
}

// build reads all streams from their tails on, until one is made anew.
//
//	inputs     ─ first to their end, so that most shipments come in their order
//	outcomes   ─ caught up with by type ([Index.catchUp])
//	rejections ─ after the inputs; then all three as messages come
//	check      ─ compares each stream with what was read of it
//	older      ─ removes what is left of shipments that are older than the view
func (x *Index) build(ctx context.Context) error {
	starts, err := x.plan(ctx)
	if err != nil {
		return err
	}
	inputs, outcomes, rejections := starts[0], starts[1], starts[2]
	group, ctx := errgroup.WithContext(ctx)
	inputsRead, outcomesRead, rejectionsRead := make(chan struct{}), make(chan struct{}), make(chan struct{})
	group.Go(func() error { return x.follow(ctx, inputs, inputsRead) })
	group.Go(func() error {
		rest, err := x.catchUp(ctx, outcomes, inputsRead)
		if err != nil {
			return err
		}
		return x.follow(ctx, rest, outcomesRead)
	})
	group.Go(func() error {
		if err := wait(ctx, inputsRead); err != nil {
			return err
		}
		return x.follow(ctx, rejections, rejectionsRead)
	})
	group.Go(func() error {
		if err := wait(ctx, inputsRead, outcomesRead, rejectionsRead); err != nil {
			return err
		}
		if !x.IsReady() {
			close(x.ready)
		}
		return x.dropOlder(ctx)
	})
	group.Go(func() error { return x.check(ctx) })
	return group.Wait()
}

// wait waits until all are closed, or ctx is done, which is an error.
func wait(ctx context.Context, all ...<-chan struct{}) error {
	for _, c := range all {
		select {
		case <-c:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// plan empties the view and says where to begin to read.
func (x *Index) plan(ctx context.Context) ([]start, error) {
	var infos []*jetstream.StreamInfo
	for _, name := range []string{events.StreamShipments, events.StreamEvents, events.StreamRejections} {
		info, err := x.info(ctx, name)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	most := uint64(x.config.Shipments)
	starts := []start{tail(infos[0], most), tail(infos[1], eventsPerShipment*most), tail(infos[2], most)}
	var completeSince time.Time
	switch inputs := starts[0]; {
	case inputs.partly:
		// Each message opens one story at most: the tail of the inputs says from when on.
		msg, err := x.first(ctx, inputs)
		if err != nil {
			return nil, err
		}
		completeSince = msg
		for i := range starts[1:] {
			starts[i+1].from, starts[i+1].since = 0, completeSince
			if infos[i+1].State.LastTime.Before(completeSince) {
				starts[i+1].last = 0
			}
		}
	default:
		for _, s := range starts[1:] {
			if !s.partly {
				continue
			}
			at, err := x.first(ctx, s)
			if err != nil {
				return nil, err
			}
			if at.After(completeSince) {
				completeSince = at
			}
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.clear()
	if !completeSince.IsZero() {
		x.completeSince = completeSince.UnixNano()
	}
	for i, info := range infos {
		x.position[info.Config.Name] = &position{sequence: max(starts[i].from, 1) - 1, created: info.Created, pending: info.State.Msgs}
	}
	return starts, nil
}

// tail is where the last messages of a stream begin.
func tail(info *jetstream.StreamInfo, most uint64) start {
	s := start{stream: info.Config.Name, from: max(info.State.FirstSeq, 1), last: info.State.LastSeq}
	if info.State.Msgs == 0 {
		s.last = 0
	}
	if s.last > most && s.last-most+1 > s.from {
		s.from, s.partly = s.last-most+1, true
	}
	return s
}

// first is when the message was stored at which reading starts.
func (x *Index) first(ctx context.Context, s start) (at time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	msg, err := streams.First(ctx, x.config.JetStream, streams.Range{Stream: s.stream, From: s.from})
	if err != nil {
		return at, err
	}
	if msg == nil {
		return at, fmt.Errorf("read stream %s: nothing is stored from %d on any more", s.stream, s.from)
	}
	return msg.Time, nil
}

func (x *Index) info(ctx context.Context, stream string) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	handle, err := x.config.JetStream.Stream(ctx, stream)
	if err != nil {
		return nil, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	return handle.CachedInfo(), nil
}

// follow reads a stream until ctx is done. It closes read once what the stream
// had at the start has been read.
func (x *Index) follow(ctx context.Context, s start, read chan struct{}) error {
	r := streams.Range{Stream: s.stream, From: s.from, Since: s.since}
	if s.last == 0 {
		close(read)
		read = nil
	}
	return x.retryUntilRead(ctx, s.stream, func(answered func()) error {
		return streams.Follow(ctx, x.config.JetStream, r, func(msg streams.Followed) {
			answered()
			x.take(s.stream, msg)
			r.From, r.Since = msg.Sequence+1, time.Time{}
			if read != nil && msg.Sequence >= s.last {
				close(read)
				read = nil
			}
		}, func() {
			answered()
			x.atEnd(s.stream)
			if read != nil {
				close(read)
				read = nil
			}
		})
	})
}

// retryUntilRead repeats what reads a stream until it succeeds, or ctx is done, which is an
// error. read calls answered whenever the stream could be read.
func (x *Index) retryUntilRead(ctx context.Context, stream string, read func(answered func()) error) error {
	var failing time.Time
	logged := false
	for {
		err := read(func() { failing = time.Time{} })
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			return nil
		case failing.IsZero():
			failing, logged = time.Now(), false
		case !logged && time.Since(failing) > logAfter: // A shorter outage is what the connection logs.
			x.config.Log.Warn().Err(err).Str("stream", stream).Msg("The view of recent shipments cannot be read")
			logged = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(resumeInterval):
		}
	}
}

// take changes the view by the next message of a stream.
func (x *Index) take(stream string, msg streams.Followed) {
	x.change(stream, msg.RawStreamMsg, &position{sequence: msg.Sequence, pending: msg.Pending})
}

// note changes the view by a message that is read out of turn.
func (x *Index) note(stream string, msg *jetstream.RawStreamMsg) {
	x.change(stream, msg, nil)
}

// change changes the view by a message and, unless it is nil, how far its stream was
// read, both at once; and passes the message on.
func (x *Index) change(stream string, msg *jetstream.RawStreamMsg, read *position) {
	m, ok := decode(stream, msg.Subject, msg.Data, msg.Sequence, msg.Time)
	x.mu.Lock()
	if p := x.position[stream]; p != nil && read != nil {
		p.sequence, p.pending = read.sequence, read.pending
	}
	if ok {
		x.apply(m)
	}
	x.version.Add(1) // Before anybody can read what has changed.
	x.mu.Unlock()
	x.feed.publish(Event{Stream: stream, Type: m.eventType, ShipmentID: m.id, Sequence: m.sequence, At: m.at})
}

// readUpTo is the sequence up to which a stream was read. mu is held.
func (x *Index) readUpTo(stream string) uint64 {
	if p := x.position[stream]; p != nil {
		return p.sequence
	}
	return 0
}

// atEnd notes that all of a stream was read.
func (x *Index) atEnd(stream string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if p := x.position[stream]; p != nil {
		p.pending = 0
	}
}

// check compares the streams with what was read of them, until ctx is done or a
// stream was made anew: its sequences begin again, and nothing would be read.
func (x *Index) check(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(checkInterval):
		}
		for _, stream := range []string{events.StreamShipments, events.StreamEvents, events.StreamRejections} {
			info, err := x.info(ctx, stream)
			if err != nil {
				continue // JetStream does not answer; it will.
			}
			x.mu.Lock()
			p := x.position[stream]
			replaced := !info.Created.Equal(p.created) || info.State.LastSeq < p.sequence
			if info.State.LastSeq > p.sequence {
				p.pending = info.State.LastSeq - p.sequence
			}
			x.mu.Unlock()
			if replaced {
				return fmt.Errorf("%w: %s", errReplaced, stream)
			}
		}
	}
}
