package loadtest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"shipments/events/streams"
)

// verify counts what the streams hold of this run, whatever was seen before.
func (r *run) verify(ctx context.Context) error {
	for _, from := range r.before {
		if err := r.count(ctx, from); err != nil {
			return err
		}
	}
	return nil
}

// count reads a stream once more, from where it stood before the run up to
// where it stands now.
func (r *run) count(ctx context.Context, from position) error {
	last, err := lastSequence(ctx, r.JS, from.stream)
	if err != nil || last <= from.last {
		return err
	}
	ctx, done := context.WithCancel(ctx)
	defer done()
	read := false
	end := func() { read = true; done() }
	err = streams.Follow(ctx, r.JS, streams.Range{Stream: from.stream, From: from.last + 1}, func(msg streams.Followed) {
		if msg.Sequence > last {
			return
		}
		if number, k, ours := r.eventOf(msg.Subject); ours {
			r.tracker.store(number, k)
		}
		if msg.Sequence == last {
			end()
		}
	}, end) // Messages may have been removed from the end.
	if read {
		return nil
	}
	return fmt.Errorf("read stream %s: %w", from.stream, err)
}

// story is what has to be stored of a shipment that ended well, each once. One
// that did not was accepted at least.
var story = []kind{accepted, manifested, documentsGenerated, collectionBooked, completed}

// verdict is what became of one shipment, by what the streams hold.
type verdict struct {
	accepted, completed, failed, cancelled, rejected bool
	// unfinished: it was acknowledged and has not ended.
	unfinished bool
	// missing and repeated are the kinds that are not stored, or more than once.
	missing, repeated []kind
}

// assess holds a shipment against its story.
func (s record) assess() verdict {
	stored := func(k kind) bool { return s.stored[k] > 0 }
	v := verdict{
		accepted: stored(accepted), completed: stored(completed), failed: stored(failed),
		cancelled: stored(cancelled), rejected: stored(rejected),
	}
	for k, n := range s.stored {
		if n > 1 && kind(k) != collectionDeclined {
			v.repeated = append(v.repeated, kind(k))
		}
	}
	ends := slices.DeleteFunc([]kind{completed, failed, cancelled}, func(k kind) bool { return !stored(k) })
	if len(ends) > 1 && len(v.repeated) == 0 {
		v.repeated = ends // Each is stored once, and still it has ended twice.
	}
	v.unfinished = s.acknowledged && len(ends) == 0 && !v.rejected
	expected := story
	switch {
	case !s.acknowledged || (v.rejected && len(ends) == 0):
		expected = nil
	case !v.completed && len(ends) > 0:
		expected = []kind{accepted}
	}
	for _, k := range expected {
		if !stored(k) {
			v.missing = append(v.missing, k)
		}
	}
	return v
}

// names lists event types.
func names(of []kind) string {
	list := make([]string, len(of))
	for i, k := range of {
		list[i] = eventTypes[k]
	}
	return strings.Join(list, ", ")
}
