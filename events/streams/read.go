package streams

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// scan reads the messages of a subject in batches: from a sequence on or, if
// that is 0, from a time on.
func scan(ctx context.Context, js jetstream.JetStream, stream, subject string, since time.Time, sequence uint64,
	each func(*jetstream.RawStreamMsg) bool,
) error {
	const batch = 100
	for {
		from := []jetstreamext.GetBatchOpt{jetstreamext.GetBatchSubject(subject), jetstreamext.GetBatchSeq(sequence)}
		if sequence == 0 {
			from[1] = jetstreamext.GetBatchStartTime(since)
		}
		messages, err := jetstreamext.GetBatch(ctx, js, stream, batch, from...)
		if err != nil {
			return err
		}
		var last *jetstream.RawStreamMsg
		for msg, err := range messages {
			if errors.Is(err, jetstreamext.ErrNoMessages) {
				return nil
			}
			if err != nil {
				return err
			}
			if !each(msg) {
				return nil
			}
			last = msg
		}
		// The iterator ends silently when the reply stays away.
		if last == nil {
			return fmt.Errorf("read stream %s: no reply: %w", stream, context.DeadlineExceeded)
		}
		sequence = last.Sequence + 1
	}
}
