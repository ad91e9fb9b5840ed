package streams

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// followPoll is how often the leader is asked for more where nothing is heard.
	followPoll = time.Second
	// followPause is the least time between two requests while messages come one by
	// one: those that come meanwhile are read together.
	followPause = 5 * time.Millisecond
)

// Followed is a message of a stream that is followed.
type Followed struct {
	*jetstream.RawStreamMsg

	// Pending is how many messages follow it in the range, as far as is known.
	Pending uint64
}

// Follow calls each for the messages that a range of a stream holds, oldest first,
// and then for those that are stored as they come, each once, until ctx is done or
// there is an error. atEnd is called whenever nothing follows for now. Both are
// called by one goroutine. While each blocks, at most two batches are held.
//
// After an error, such as [ErrNoReply], the caller goes on from the sequence after the
// last message.
//
// It creates no consumer: whoever may create one may have the server publish its
// messages to any subject. It reads in batches by direct gets, which any replica
// answers, and asks the leader whether that is all. That something was stored, it
// hears by a plain subscription; where that is not allowed, it finds out within a
// second.
//
// The headers of a message may be forged by its publisher, so that it seems to be
// another one, or the end. What does not fit to the messages before and after it
// is read again from the leader, whose reply keeps apart what it says. What is
// left to a publisher is the subject and time of its own message. Header is what
// the publisher says, and nil if it is malformed.
func Follow(ctx context.Context, js jetstream.JetStream, r Range, each func(Followed), atEnd func()) error {
	f, err := newFollower(js, r, each)
	if err != nil {
		return err
	}
	defer f.close()
	wake, silence, err := f.listen(ctx)
	if err != nil {
		return fmt.Errorf("follow stream %s: %w", r.Stream, err)
	}
	defer silence()
	if err := f.begin(ctx); err != nil {
		return fmt.Errorf("follow stream %s: %w", r.Stream, err)
	}
	for {
		if err := f.readAll(ctx); err != nil {
			return fmt.Errorf("follow stream %s: %w", r.Stream, err)
		}
		atEnd()
		select {
		case <-wake:
		case <-time.After(followPoll):
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-time.After(followPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Read calls each for the messages that a range of a stream holds, as [Follow] does,
// and returns when nothing follows.
func Read(ctx context.Context, js jetstream.JetStream, r Range, each func(Followed)) error {
	f, err := newFollower(js, r, each)
	if err != nil {
		return err
	}
	defer f.close()
	if err := f.begin(ctx); err != nil {
		return fmt.Errorf("read stream %s: %w", r.Stream, err)
	}
	if err := f.readAll(ctx); err != nil {
		return fmt.Errorf("read stream %s: %w", r.Stream, err)
	}
	return nil
}

// follower reads one stream. It is used by one goroutine.
type follower struct {
	js    jetstream.JetStream
	r     Range // From is the sequence to go on from
	each  func(Followed)
	inbox string
	// replies has room for all that has been asked for, however slow each is: the
	// connection may hold less for a subscription.
	replies      chan *nats.Msg
	subscription *nats.Subscription
	asked        int // requests so far; each has a reply subject of its own
	// ahead is the request for the batch after the one that is read.
	ahead batchRequest
	// dense: the last batch had as many messages as may be, without a gap.
	dense bool
}

func newFollower(js jetstream.JetStream, r Range, each func(Followed)) (f *follower, err error) {
	f = &follower{js: js, r: r, each: each, inbox: js.Conn().NewInbox(), replies: make(chan *nats.Msg, 3*batchOf(r))}
	if f.subscription, err = js.Conn().ChanSubscribe(f.inbox+".*", f.replies); err != nil {
		return nil, fmt.Errorf("read stream %s: %w", r.Stream, err)
	}
	return f, nil
}

func (f *follower) close() { _ = f.subscription.Unsubscribe() } // The only error is a closed connection.

// listen wakes whenever something is published that the stream takes.
func (f *follower) listen(ctx context.Context) (wake chan struct{}, stop func(), err error) {
	wake = make(chan struct{}, 1)
	handle, err := f.js.Stream(ctx, f.r.Stream)
	if err != nil {
		return nil, nil, err
	}
	// A role may subscribe to the stream's subjects, and not to what includes others.
	subjects := slices.Clone(handle.CachedInfo().Config.Subjects)
	if f.r.Subject != "" {
		subjects = common(f.r.Subject, subjects)
	}
	var listening []*nats.Subscription
	stop = func() {
		for _, s := range listening {
			_ = s.Unsubscribe() // The only error is a closed connection.
		}
	}
	for _, subject := range subjects {
		s, err := f.js.Conn().Subscribe(subject, func(*nats.Msg) {
			select {
			case wake <- struct{}{}:
			default:
			}
		})
		if err != nil {
			stop()
			return nil, nil, err
		}
		listening = append(listening, s)
	}
	return wake, stop, nil
}

// common are the subjects that a pattern has in common with each of others.
func common(pattern string, others []string) (subjects []string) {
	for _, other := range others {
		if subject, ok := intersect(strings.Split(pattern, "."), strings.Split(other, ".")); ok {
			subjects = append(subjects, subject)
		}
	}
	return subjects
}

// intersect is the pattern of the subjects that two patterns, by their tokens, have
// in common.
func intersect(a, b []string) (string, bool) {
	var tokens []string
	for i := 0; i < len(a) || i < len(b); i++ {
		switch {
		case i >= len(a) || i >= len(b):
			return "", false
		case a[i] == ">":
			return strings.Join(append(tokens, b[i:]...), "."), true
		case b[i] == ">":
			return strings.Join(append(tokens, a[i:]...), "."), true
		case a[i] == "*":
			tokens = append(tokens, b[i])
		case b[i] == "*" || a[i] == b[i]:
			tokens = append(tokens, a[i])
		default:
			return "", false
		}
	}
	return strings.Join(tokens, "."), true
}

// begin finds the sequence to begin at.
func (f *follower) begin(ctx context.Context) error {
	if f.r.From > 0 {
		return nil
	}
	if f.r.Since.IsZero() {
		f.r.From = 1
		return nil
	}
	// What is stored while the time is looked up comes after the last message.
	last, err := LastSequence(ctx, f.js, f.r.Stream)
	if err != nil {
		return err
	}
	first, err := First(ctx, f.js, f.r)
	if err != nil {
		return err
	}
	f.r.Since, f.r.From = time.Time{}, last+1
	if first != nil {
		f.r.From = first.Sequence
	}
	return nil
}

// readAll reads until the leader has nothing more.
func (f *follower) readAll(ctx context.Context) error {
	for {
		got, err := f.batch(ctx)
		if err != nil {
			return err
		}
		if got.complete && got.pending > 0 {
			continue
		}
		// Nothing follows on that replica, or what follows makes no sense.
		once, cancel := context.WithTimeout(ctx, replyTimeout)
		msg, err := First(once, f.js, f.r)
		cancel()
		if err != nil || msg == nil {
			return err
		}
		f.take(Followed{RawStreamMsg: msg})
	}
}

func (f *follower) take(msg Followed) {
	f.each(msg)
	f.r.From = msg.Sequence + 1
}
