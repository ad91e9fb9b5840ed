package contracttest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
	"shipments/events/streams"
)

// maxWrong bounds what [Stored] lists.
const maxWrong = 10

// Stored holds every message of the streams against asyncapi.yaml and returns how many
// it has read. Of inputs, only those that had an effect are held: the consumer has
// dealt with them, and they were not rejected. An input that JetStream should not have
// taken at all is rejected, so nothing is left out.
func Stored(ctx context.Context, js jetstream.JetStream) (read int, err error) {
	rejected := map[uint64]bool{}
	err = streams.Rejections(ctx, js, "", time.Time{}, func(r streams.StoredRejection) bool {
		if r.Input.Stream == events.StreamShipments {
			rejected[r.Input.StreamSequence] = true
		}
		return true
	})
	if err != nil {
		return 0, err
	}
	consumer, err := js.Consumer(ctx, events.StreamShipments, streams.ConsumerName)
	if err != nil {
		return 0, fmt.Errorf("look up the consumer: %w", err)
	}
	done := consumer.CachedInfo().AckFloor.Stream
	var wrong []error
	for _, stream := range []string{events.StreamShipments, events.StreamEvents, events.StreamRejections} {
		err := streams.Walk(ctx, js, streams.Range{Stream: stream, Subject: "shipments.>"}, func(msg *jetstream.RawStreamMsg) bool {
			read++
			if stream == events.StreamShipments && (rejected[msg.Sequence] || msg.Sequence > done) {
				return true
			}
			if err := Message(msg.Subject, msg.Header, msg.Data); err != nil {
				wrong = append(wrong, fmt.Errorf("%s %d: %w", stream, msg.Sequence, err))
			}
			return len(wrong) < maxWrong
		})
		if err != nil {
			return read, err
		}
	}
	return read, errors.Join(wrong...)
}
