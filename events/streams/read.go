package streams

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
	"golang.org/x/sync/errgroup"
)

// Range says which messages of a stream are read. The zero value of all but
// Stream means all of them.
type Range struct {
	Stream string
	// Subject is the subject of the messages, which may have wildcards.
	Subject string
	// From is the sequence to begin at; 0 means the first message since Since.
	From  uint64
	Since time.Time
	// Batch is how many messages [Walk] asks for at once; default 100.
	Batch int
}

const defaultBatch = 100

// request is the request for the next batch.
func (r Range) request() []jetstreamext.GetBatchOpt {
	var options []jetstreamext.GetBatchOpt
	if r.Subject != "" {
		options = append(options, jetstreamext.GetBatchSubject(r.Subject))
	}
	switch {
	case r.From > 0:
		options = append(options, jetstreamext.GetBatchSeq(r.From))
	case !r.Since.IsZero():
		options = append(options, jetstreamext.GetBatchStartTime(r.Since))
	}
	return options
}

// Walk calls each for the messages that a range of a stream holds, oldest first,
// until it returns false. It reads in batches, one request each, and ends at the
// end of the stream; [Follow] goes on.
//
// The replies of the server carry their numbers in headers beside those of the
// message. So Walk is for streams that this service writes: in the headers of
// others, those numbers can be forged. [ReadInput] reads what others wrote.
func Walk(ctx context.Context, js jetstream.JetStream, r Range, each func(*jetstream.RawStreamMsg) bool) error {
	if r.Batch <= 0 {
		r.Batch = defaultBatch
	}
	for {
		messages, err := jetstreamext.GetBatch(ctx, js, r.Stream, r.Batch, r.request()...)
		if err != nil {
			return fmt.Errorf("read stream %s: %w", r.Stream, err)
		}
		var last *jetstream.RawStreamMsg
		for msg, err := range messages {
			if errors.Is(err, jetstreamext.ErrNoMessages) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read stream %s: %w", r.Stream, err)
			}
			if !each(msg) {
				return nil
			}
			last = msg
		}
		// The iterator ends without an error when the reply stays away.
		if last == nil {
			return fmt.Errorf("read stream %s: no reply: %w", r.Stream, context.DeadlineExceeded)
		}
		if nothingFollows(last) {
			return nil
		}
		r.From = last.Sequence + 1
	}
}

// lastConcurrency bounds the requests of one [Last] at once.
const lastConcurrency = 16

// Last reads the last message of each subject by [LastDirect], side by side: from a
// stream with many subjects that is much faster than one batched request, which the
// server answers in the order of the stream. The result has the messages by subject;
// a subject without messages is not in it.
func Last(ctx context.Context, js jetstream.JetStream, stream string, subjects ...string) (map[string]*jetstream.RawStreamMsg, error) {
	messages := make([]*jetstream.RawStreamMsg, len(subjects))
	all, reading := errgroup.WithContext(ctx)
	all.SetLimit(lastConcurrency)
	for i, subject := range subjects {
		all.Go(func() (err error) {
			messages[i], err = LastDirect(reading, js, stream, subject)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	found := make(map[string]*jetstream.RawStreamMsg, len(subjects))
	for i, msg := range messages {
		if msg != nil {
			found[subjects[i]] = msg
		}
	}
	return found, nil
}

// nothingFollows reports whether a message is the last one of what was asked for.
func nothingFollows(msg *jetstream.RawStreamMsg) bool {
	return msg.Header.Get("Nats-Num-Pending") == "0"
}

// LastSequence returns the sequence of the last message of a stream; 0 if there
// never was one. Its error wraps [jetstream.ErrStreamNotFound] if there is no
// such stream.
func LastSequence(ctx context.Context, js jetstream.JetStream, stream string) (uint64, error) {
	handle, err := js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	return handle.CachedInfo().State.LastSeq, nil
}
