package streams

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
	"shipments/shipment"
)

// ContentConflictError says that a shipment is known with other content.
type ContentConflictError struct {
	// Known is the event that the known content came with.
	Known events.EventRef
}

func (e *ContentConflictError) Error() string { return events.ConflictReason(e.Known).String() }

// PublishUnlessConflict stores a shipments.created event as
// [Publisher.PublishCreated] does, unless its shipment is known with other
// content: then it returns a [*ContentConflictError]. Of several that are
// published at the same time in this way, with different contents, one is stored.
//
// A shipment is known by its ledger entry, or by an event under its own subject
// that is valid by the rules and has not been rejected. An event that was
// published without the shipment's id in its subject is not found until it is in
// the ledger. The consumer then rejects the later one.
func (p *Publisher) PublishUnlessConflict(ctx context.Context, ev event.Event, created events.ShipmentCreated, rules shipment.Rules) (uint64, error) {
	id, digest := created.Data.ShipmentID, created.Data.Digest()
	for {
		known, last, err := readContent(ctx, p.js, id, rules)
		switch {
		case err != nil:
			return 0, fmt.Errorf("read what is known of shipment %s: %w", id, err)
		case known == nil:
			sequence, err := p.publishInput(ctx, events.TypeCreated, ev, id, jetstream.WithExpectLastSequencePerSubject(last))
			if isWrongLastSequence(err) {
				continue // Another one has been published meanwhile.
			}
			return sequence, err
		case known.digest != digest:
			return 0, &ContentConflictError{Known: known.ref}
		default:
			return p.PublishCreated(ctx, ev, id)
		}
	}
}

// content is the content that a shipment is known with.
type content struct {
	digest string
	ref    events.EventRef
}

// readContent reads with which content a shipment is known, and the sequence of the
// last event under its own subject. They are nil and 0 if there is none.
func readContent(ctx context.Context, js jetstream.JetStream, id string, rules shipment.Rules) (*content, uint64, error) {
	entry, err := ReadLedger(ctx, js, id)
	if err == nil {
		return &content{digest: entry.ContentDigest, ref: entry.Trigger}, 0, nil
	}
	if !errors.Is(err, ErrUnknownShipment) {
		return nil, 0, err
	}
	subject := events.Subject(events.TypeCreated, id)
	last, err := getMessage(ctx, js, events.StreamShipments, getRequest{LastBySubject: subject})
	if err != nil || last == nil {
		return nil, 0, err
	}
	var rejected map[uint64]bool
	for sequence := uint64(1); sequence <= last.Sequence; {
		msg, err := getMessage(ctx, js, events.StreamShipments, getRequest{Sequence: sequence, NextBySubject: subject})
		if err != nil || msg == nil {
			return nil, last.Sequence, err
		}
		sequence = msg.Sequence + 1
		found := contentOf(msg, rules)
		if found == nil {
			continue
		}
		if rejected == nil {
			if rejected, err = rejectedInputs(ctx, js, id); err != nil {
				return nil, 0, err
			}
		}
		if !rejected[msg.Sequence] {
			return found, last.Sequence, nil
		}
	}
	return nil, last.Sequence, nil
}

// contentOf returns the content of an input, or nil if it is not valid.
func contentOf(msg *jetstream.RawStreamMsg, rules shipment.Rules) *content {
	ev, reasons := events.Decode(msg.Header, msg.Data)
	if len(reasons) > 0 {
		return nil
	}
	created, reasons := events.ParseCreated(ev, msg.Subject, rules)
	if len(reasons) > 0 {
		return nil
	}
	return &content{digest: created.Data.Digest(), ref: created.Ref()}
}

// rejectedInputs are the sequences of the inputs of a shipment that have been rejected.
func rejectedInputs(ctx context.Context, js jetstream.JetStream, id string) (map[uint64]bool, error) {
	rejected := map[uint64]bool{}
	err := Rejections(ctx, js, id, time.Time{}, func(r StoredRejection) bool {
		if r.Input.Stream == events.StreamShipments {
			rejected[r.Input.StreamSequence] = true
		}
		return true
	})
	return rejected, err
}
