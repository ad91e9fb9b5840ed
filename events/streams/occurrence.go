package streams

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"

	"shipments/events"
)

// publishOccurrence stores one occurrence of an event that repeats, exactly once,
// and returns its stream sequence.
//
// The occurrences of a shipment form a chain: each is stored only if the last
// message of the subject is the one that was read. Of two that race, JetStream
// refuses one, which then finds what the other has stored. A retry finds its own
// event, also behind later ones.
func (p *Publisher) publishOccurrence(ctx context.Context, msg *nats.Msg, outcome events.Outcome) (uint64, error) {
	var stored []occurrence // Nearly always nothing is stored before the first one.
	for read := outcome.Occurrence > 1; ; read = true {
		if read {
			var err error
			if stored, err = p.occurrences(ctx, msg.Subject); err != nil {
				return 0, err
			}
			if sequence, err := find(outcome, msg.Subject, stored); sequence > 0 || err != nil {
				return sequence, err
			}
		}
		var last uint64
		if len(stored) > 0 {
			last = stored[len(stored)-1].sequence
		}
		sequence, err := p.storeAfter(ctx, msg, last)
		if !isWrongLastSequence(err) || ctx.Err() != nil {
			return sequence, err
		}
	}
}

// occurrence is an event that is stored.
type occurrence struct {
	sequence uint64
	event    event.Event
}

// occurrences reads all events of a subject from the stream's leader, oldest first.
func (p *Publisher) occurrences(ctx context.Context, subject string) ([]occurrence, error) {
	var all []occurrence
	for from := uint64(1); ; {
		msg, err := getMessage(ctx, p.js, events.StreamEvents, getRequest{Sequence: from, NextBySubject: subject})
		if err != nil {
			return nil, fmt.Errorf("read what %s holds: %w", subject, err)
		}
		if msg == nil {
			return all, nil
		}
		found := occurrence{sequence: msg.Sequence}
		if err := json.Unmarshal(msg.Data, &found.event); err != nil {
			return nil, fmt.Errorf("decode what %s holds: %w", subject, err)
		}
		all, from = append(all, found), msg.Sequence+1
	}
}

// find returns the sequence of an outcome if it is among the stored occurrences,
// and 0 if it is not. It returns an [*OutcomeConflictError] if there is one of
// another run.
func find(outcome events.Outcome, subject string, stored []occurrence) (uint64, error) {
	own := map[string]int{}
	for n := range max(outcome.Occurrence, len(stored)) {
		own[outcome.Lineage.EventID(outcome.Type, n+1)] = n + 1
	}
	for _, s := range stored {
		switch n, known := own[s.event.ID()]; {
		case !known:
			return 0, &OutcomeConflictError{Subject: subject, Stored: s.event}
		case n == outcome.Occurrence:
			return s.sequence, nil
		}
	}
	return 0, nil
}
