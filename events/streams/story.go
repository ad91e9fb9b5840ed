package streams

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"shipments/events"
	"shipments/shipment"
)

// maxPerSubject bounds the messages of one subject in a story: an input that is
// repeated without end fills no memory. The first ones are read.
const maxPerSubject = 100

// StoredMessage is a message of a shipment's story: an input, an outcome event or
// a rejection.
type StoredMessage struct {
	Stream   string
	Sequence uint64
	// Time is when the message was stored.
	Time    time.Time
	Subject string
	// Type is the event type that the subject stands for.
	Type   string
	Header map[string][]string
	Data   []byte
}

// ReadStory reads all that is stored of a shipment, in the order in which it was
// stored: its inputs, its outcome events and its rejections. Inputs are found by
// the id in their subject, and those without one by inputs, the sequences that
// the caller knows.
//
// It returns nothing for an unknown shipment. It reads from the leaders of the
// streams, so it finds all that was ever confirmed.
func ReadStory(ctx context.Context, js jetstream.JetStream, id string, inputs ...uint64) ([]StoredMessage, error) {
	if !shipment.ValidID(id) {
		return nil, nil
	}
	var mu sync.Mutex
	var story []StoredMessage
	add := func(stream string, messages ...*jetstream.RawStreamMsg) {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range messages {
			if m == nil || slices.ContainsFunc(story, func(s StoredMessage) bool { return s.Stream == stream && s.Sequence == m.Sequence }) {
				continue
			}
			eventType, _ := events.SplitSubject(m.Subject)
			story = append(story, StoredMessage{stream, m.Sequence, m.Time, m.Subject, eventType, m.Header, m.Data})
		}
	}
	all, ctx := errgroup.WithContext(ctx)
	for _, t := range events.Table() {
		all.Go(func() error {
			found, err := messagesOf(ctx, js, t.Stream, events.Subject(t.Name, id))
			if t.Kind == events.KindRejection {
				found = ofShipment(found, id)
			}
			add(t.Stream, found...)
			return err
		})
	}
	for _, sequence := range inputs {
		if sequence == 0 {
			continue
		}
		all.Go(func() error {
			msg, err := getMessage(ctx, js, events.StreamShipments, getRequest{Sequence: sequence})
			add(events.StreamShipments, msg)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, fmt.Errorf("read the story of %s: %w", id, err)
	}
	slices.SortFunc(story, func(a, b StoredMessage) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Sequence, b.Sequence))
	})
	return story, nil
}

// ofShipment leaves the rejections that are about a shipment: inputs without a
// valid id share the subject of a shipment "unknown".
func ofShipment(rejections []*jetstream.RawStreamMsg, id string) []*jetstream.RawStreamMsg {
	return slices.DeleteFunc(rejections, func(m *jetstream.RawStreamMsg) bool {
		r, err := DecodeRejection(m)
		return err == nil && r.ShipmentID != id
	})
}

// messagesOf reads the messages of one subject, the oldest first.
func messagesOf(ctx context.Context, js jetstream.JetStream, stream, subject string) ([]*jetstream.RawStreamMsg, error) {
	// Most subjects have no message or one: the last one is found fastest.
	last, err := getMessage(ctx, js, stream, getRequest{LastBySubject: subject})
	if err != nil || last == nil {
		return nil, err
	}
	var found []*jetstream.RawStreamMsg
	for next := uint64(1); len(found) < maxPerSubject; {
		msg, err := getMessage(ctx, js, stream, getRequest{Sequence: next, NextBySubject: subject})
		if err != nil {
			return nil, err
		}
		if msg == nil { // It was deleted meanwhile.
			return found, nil
		}
		found = append(found, msg)
		if msg.Sequence >= last.Sequence {
			return found, nil
		}
		next = msg.Sequence + 1
	}
	return found, nil
}
