package index

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"shipments/events"
	"shipments/events/streams"
)

const (
	// fewUnfinished is the part of the shipments up to which those that are not
	// completed are asked for one by one: beyond it, reading all is quicker.
	fewUnfinished = 8
	// askConcurrency bounds the questions at once.
	askConcurrency = 16
)

// catchUp reads what SHIPMENT_EVENTS has at the start, and returns where to go on. Of a
// shipment that is completed, which most are, it reads the first and the last event
// alone: the last one has what the view needs of those between.
//
//	accepted            ─ while the inputs are read, or after them if the view has not all
//	completed and so on ─ when all shipments are known
//	the rest            ─ of the shipments that are not completed: of each, if they are
//	                      few, and all events otherwise
func (x *Index) catchUp(ctx context.Context, s start, inputsRead <-chan struct{}) (rest start, err error) {
	// In a view that has all, no acceptance is of a shipment older than the view.
	hasAll := x.CompleteSince().IsZero()
	if !hasAll {
		err = wait(ctx, inputsRead)
	}
	if err == nil && s.last > 0 {
		err = x.readAccepted(ctx, s, hasAll)
	}
	if err == nil {
		err = wait(ctx, inputsRead)
	}
	if err != nil || s.last == 0 {
		return s, err
	}
	if err := x.readTypes(ctx, s, events.Endings()); err != nil {
		return s, err
	}
	between := slices.DeleteFunc(events.OutcomeTypes(), func(t string) bool {
		return t == events.TypeAccepted || slices.Contains(events.Endings(), t)
	})
	unfinished, all := x.unfinished()
	if len(unfinished) <= all/fewUnfinished {
		err = x.readEach(ctx, s.stream, unfinished, between)
	} else {
		err = x.readTypes(ctx, s, between)
	}
	if err != nil {
		return s, err
	}
	x.mu.Lock()
	x.position[s.stream].sequence, x.position[s.stream].pending = s.last, 0
	x.mu.Unlock()
	return start{stream: s.stream, from: s.last + 1}, nil
}

// readAccepted reads the acceptances. Those without an input in the view open a shipment
// only if the view has all, or if the input is not older than the view.
func (x *Index) readAccepted(ctx context.Context, s start, hasAll bool) error {
	x.mu.Lock()
	x.keepsOrphans = !hasAll
	x.mu.Unlock()
	if err := x.readTypes(ctx, s, []string{events.TypeAccepted}); err != nil {
		return err
	}
	x.mu.Lock()
	orphans, since := x.orphans, x.completeSince
	x.keepsOrphans, x.orphans = false, nil
	x.mu.Unlock()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(askConcurrency)
	for _, m := range orphans {
		group.Go(func() error {
			return x.retryUntilRead(ctx, s.stream, func(func()) error {
				input, err := x.firstInput(ctx, m.id)
				if err == nil && (input == nil || input.Time.UnixNano() >= since) {
					x.mu.Lock()
					x.apply(m)
					x.mu.Unlock()
				}
				return err
			})
		})
	}
	return group.Wait()
}

// readTypes reads the events of some types, each type on its own.
func (x *Index) readTypes(ctx context.Context, s start, types []string) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, eventType := range types {
		r := streams.Range{Stream: s.stream, Subject: eventType + ".*", From: s.from, Since: s.since}
		group.Go(func() error {
			return x.retryUntilRead(ctx, s.stream, func(answered func()) error {
				return streams.Read(ctx, x.config.JetStream, r, func(msg streams.Followed) {
					answered()
					x.note(s.stream, msg.RawStreamMsg)
					r.From, r.Since = msg.Sequence+1, time.Time{}
				})
			})
		})
	}
	return group.Wait()
}

// readEach reads the last event of each of some types of some shipments.
func (x *Index) readEach(ctx context.Context, stream string, ids, types []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(askConcurrency)
	for _, id := range ids {
		for _, eventType := range types {
			group.Go(func() error {
				return x.retryUntilRead(ctx, stream, func(func()) error {
					asking, cancel := context.WithTimeout(ctx, askTimeout)
					defer cancel()
					msg, err := streams.LastFromLeader(asking, x.config.JetStream, stream, events.Subject(eventType, id))
					if msg != nil {
						x.note(stream, msg)
					}
					return err
				})
			})
		}
	}
	return group.Wait()
}

// unfinished are the ids of the shipments that have been accepted and are not
// completed, and all counts the shipments of the view.
func (x *Index) unfinished() (ids []string, all int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for id, i := range x.byID {
		if x.records[i].seen&(seenAccepted|seenCompleted) == seenAccepted {
			ids = append(ids, id)
		}
	}
	return ids, len(x.byID)
}
