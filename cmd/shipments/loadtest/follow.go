package loadtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// requestWithin bounds one question to JetStream.
const requestWithin = 10 * time.Second

// position is where a stream stood before the run: what concerns it comes after.
type position struct {
	stream string
	last   uint64
}

// lastSequence asks how far a stream has come.
func lastSequence(ctx context.Context, js jetstream.JetStream, stream string) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	handle, err := js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, fmt.Errorf("there is no stream %s: start a host, or use `shipments streams apply`", stream)
	}
	if err != nil {
		return 0, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	return handle.CachedInfo().State.LastSeq, nil
}

// open begins to read what comes after a position, headers alone. The consumer
// takes up where it was when a connection breaks.
func open(ctx context.Context, js jetstream.JetStream, from position) (jetstream.MessagesContext, error) {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	consumer, err := js.OrderedConsumer(ctx, from.stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from.last + 1, HeadersOnly: true,
	})
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", from.stream, err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", from.stream, err)
	}
	return messages, nil
}

// follow notes the events of this run as they arrive, until messages are stopped.
func (r *run) follow(messages jetstream.MessagesContext) error {
	for {
		msg, err := messages.Next()
		if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("follow the events: %w", err)
		}
		if number, k, ours := r.eventOf(msg.Subject()); ours {
			r.ledger.arrived(number, k)
		}
	}
}

// eventOf returns the event that a subject is for, and the number of its shipment.
// ours is false for a shipment of another run.
func (r *run) eventOf(subject string) (number int, k kind, ours bool) {
	eventType, id := split(subject)
	if k, ours = kindsByType[eventType]; !ours {
		return 0, 0, false
	}
	number, ours = r.ids.number(id)
	return number, k, ours
}
