package objectstore

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// readAll reads the messages of a subject, joined, with one request. It reads one
// more than are expected, so that a surplus one is noticed.
func (b Bucket) readAll(ctx context.Context, subject string, expected int) ([]byte, error) {
	messages, err := collect(jetstreamext.GetBatch(ctx, b.js, b.Stream(), expected+1, jetstreamext.GetBatchSubject(subject)))
	if err != nil {
		return nil, b.explain(ctx, err)
	}
	var content []byte
	for _, message := range messages {
		content = append(content, message.Data...)
	}
	return content, nil
}

// readLast reads the last message of each subject that has one, with one request.
func (b Bucket) readLast(ctx context.Context, subjects []string) (map[string][]byte, error) {
	if len(subjects) == 0 {
		return map[string][]byte{}, nil
	}
	messages, err := collect(jetstreamext.GetLastMsgsFor(ctx, b.js, b.Stream(), subjects))
	if err != nil {
		return nil, b.explain(ctx, err)
	}
	last := make(map[string][]byte, len(messages))
	for _, message := range messages {
		last[message.Subject] = message.Data
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

// collect collects the messages of a batched reply. An incomplete reply is an error.
func collect(replies iter.Seq2[*jetstream.RawStreamMsg, error], err error) ([]*jetstream.RawStreamMsg, error) {
	if err != nil {
		return nil, err
	}
	var messages []*jetstream.RawStreamMsg
	complete := false
	for message, err := range replies {
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		complete = message.Header.Get("Nats-Num-Pending") == "0"
		messages = append(messages, message)
	}
	if !complete {
		return nil, fmt.Errorf("no complete reply: %w", context.DeadlineExceeded)
	}
	return messages, nil
}
