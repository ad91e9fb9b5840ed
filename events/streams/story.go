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

// storyBytes bounds the first messages of one subject in a story, and as much its last
// ones: an input that is repeated without end fills no memory.
const storyBytes = 2 << 20

// Story is what is stored of a shipment.
type Story struct {
	Messages []StoredMessage // in the order in which they were stored
	// Omitted counts the messages that were left out, where a subject has more than
	// some megabytes: neither among its first nor among its last ones.
	Omitted int
}

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
// The story of an unknown shipment is empty. What the leaders of the streams have
// confirmed is in it, but for what [Story.Omitted] counts.
func ReadStory(ctx context.Context, js jetstream.JetStream, id string, inputs ...uint64) (Story, error) {
	if !shipment.ValidID(id) {
		return Story{}, nil
	}
	type place struct {
		stream   string
		sequence uint64
	}
	var mu sync.Mutex
	var story Story
	known := map[place]bool{}
	add := func(stream string, omitted int, messages ...*jetstream.RawStreamMsg) {
		mu.Lock()
		defer mu.Unlock()
		story.Omitted += omitted
		for _, m := range messages {
			if m == nil || known[place{stream, m.Sequence}] {
				continue
			}
			known[place{stream, m.Sequence}] = true
			eventType, _ := events.SplitSubject(m.Subject)
			story.Messages = append(story.Messages, StoredMessage{stream, m.Sequence, m.Time, m.Subject, eventType, m.Header, m.Data})
		}
	}
	all, ctx := errgroup.WithContext(ctx)
	for _, t := range events.Table() {
		all.Go(func() error {
			found, omitted, err := messagesOf(ctx, js, t.Stream, events.Subject(t.Name, id))
			if t.Kind == events.KindRejection {
				found = ofShipment(found, id)
			}
			add(t.Stream, omitted, found...)
			return err
		})
	}
	for _, sequence := range inputs {
		if sequence == 0 {
			continue
		}
		all.Go(func() error {
			msg, err := getMessage(ctx, js, events.StreamShipments, getRequest{Sequence: sequence})
			add(events.StreamShipments, 0, msg)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return Story{}, fmt.Errorf("read the story of %s: %w", id, err)
	}
	slices.SortFunc(story.Messages, func(a, b StoredMessage) int {
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

// messagesOf reads the messages of one subject, the oldest first. omitted counts those
// that are left out.
func messagesOf(ctx context.Context, js jetstream.JetStream, stream, subject string) (found []*jetstream.RawStreamMsg, omitted int, err error) {
	// Most subjects have no message or one: the last one is found fastest.
	last, err := getMessage(ctx, js, stream, getRequest{LastBySubject: subject})
	if err != nil || last == nil {
		return nil, 0, err
	}
	first, err := getMessage(ctx, js, stream, getRequest{Sequence: 1, NextBySubject: subject})
	if err != nil || first == nil { // It was deleted meanwhile.
		return nil, 0, err
	}
	if first.Sequence == last.Sequence {
		return []*jetstream.RawStreamMsg{first}, 0, nil
	}
	var kept bothEnds
	r := Range{Stream: stream, Subject: subject, From: first.Sequence}
	err = Read(ctx, js, r, func(msg Followed) { kept.add(msg.RawStreamMsg) })
	return append(kept.first, kept.last...), kept.omitted, err
}

// bothEnds keeps the first and the last messages of many.
type bothEnds struct {
	first, last           []*jetstream.RawStreamMsg
	firstBytes, lastBytes int
	omitted               int
}

func (b *bothEnds) add(msg *jetstream.RawStreamMsg) {
	if b.last == nil && b.firstBytes+messageBytes(msg) <= storyBytes {
		b.first, b.firstBytes = append(b.first, msg), b.firstBytes+messageBytes(msg)
		return
	}
	b.last, b.lastBytes = append(b.last, msg), b.lastBytes+messageBytes(msg)
	for b.lastBytes > storyBytes && len(b.last) > 1 {
		b.lastBytes -= messageBytes(b.last[0])
		b.last, b.omitted = b.last[1:], b.omitted+1
	}
}

// messageBytes is roughly what a message takes in memory.
func messageBytes(msg *jetstream.RawStreamMsg) int {
	const overhead = 512
	return overhead + len(msg.Data)
}
