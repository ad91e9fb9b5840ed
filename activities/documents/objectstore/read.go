package objectstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events/streams"
)

// readAll reads the messages of a subject, joined, with one request. It reads one
// more than are expected, so that a surplus one is noticed.
func (b Bucket) readAll(ctx context.Context, subject string, expected int) ([]byte, error) {
	var content []byte
	n := 0
	err := streams.Walk(ctx, b.js, streams.Range{Stream: b.Stream(), Subject: subject, Batch: expected + 1}, func(msg *jetstream.RawStreamMsg) bool {
		content = append(content, msg.Data...)
		n++
		return n <= expected
	})
	if err != nil {
		return nil, b.explain(ctx, err)
	}
	return content, nil
}

// readLast reads the last message of each subject that has one, side by side.
func (b Bucket) readLast(ctx context.Context, subjects []string) (map[string][]byte, error) {
	messages, err := streams.Last(ctx, b.js, b.Stream(), subjects...)
	if err != nil {
		return nil, b.explain(ctx, err)
	}
	last := make(map[string][]byte, len(messages))
	for subject, msg := range messages {
		last[subject] = msg.Data
	}
	return last, nil
}

// explain finds out why nobody answered a request. If the bucket does not exist, the
// error is [jetstream.ErrBucketNotFound].
func (b Bucket) explain(ctx context.Context, err error) error {
	if !errors.Is(err, nats.ErrNoResponders) {
		return err
	}
	if _, lookUp := b.js.Stream(ctx, b.Stream()); errors.Is(lookUp, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("bucket %s does not exist: %w: %w", b.name, jetstream.ErrBucketNotFound, err)
	}
	return fmt.Errorf("nobody answers for bucket %s: %w", b.name, err)
}
