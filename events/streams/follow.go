package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// followBatch and followBytes bound one reply: what a client has not read yet, two
	// replies at most, stays far below what nats.go keeps of a subscription.
	followBatch = 2000
	followBytes = 8 << 20
	// filteredBatch is followBatch where a subject is asked for: for each batch, the
	// server counts what matches in the whole stream.
	filteredBatch = 10_000
	// replyTimeout is how long a reply may pause before it counts as lost.
	replyTimeout = 3 * time.Second
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
// called by one goroutine, and must not block for long.
//
// After an error, the caller goes on from the sequence after the last message.
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
	js      jetstream.JetStream
	r       Range // From is the sequence to go on from
	each    func(Followed)
	inbox   string
	replies *nats.Subscription
	asked   int // requests so far; each has a reply subject of its own
	// ahead is the request for the batch after the one that is read.
	ahead batchRequest
	// dense: the last batch had as many messages as may be, without a gap.
	dense bool
}

// batchRequest is a request for a batch, and what came of its reply before its turn.
type batchRequest struct {
	from  uint64 // 0 for no request
	reply string
	early []*nats.Msg
}

func newFollower(js jetstream.JetStream, r Range, each func(Followed)) (f *follower, err error) {
	f = &follower{js: js, r: r, each: each, inbox: js.Conn().NewInbox()}
	if f.replies, err = js.Conn().SubscribeSync(f.inbox + ".*"); err != nil {
		return nil, fmt.Errorf("read stream %s: %w", r.Stream, err)
	}
	return f, nil
}

func (f *follower) close() { _ = f.replies.Unsubscribe() } // The only error is a closed connection.

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

// First reads the first message of a range from the leader of its stream, or nil if
// the range has none. Its header is nil if it is malformed.
func First(ctx context.Context, js jetstream.JetStream, r Range) (*jetstream.RawStreamMsg, error) {
	get := getRequest{Sequence: r.From, NextBySubject: r.Subject}
	if r.Subject == "" {
		get.NextBySubject = ">"
	}
	if r.From == 0 && !r.Since.IsZero() {
		get.Since = &r.Since
	}
	msg, headers, err := getStored(ctx, js, r.Stream, get)
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", r.Stream, err)
	}
	if msg != nil && len(headers) > 0 {
		msg.Header, _ = nats.DecodeHeadersMsg(headers) // Malformed ones are none.
	}
	return msg, nil
}

// batched is what a batch had.
type batched struct {
	// complete: every message that the server sent was taken.
	complete bool
	// pending counts those that follow.
	pending uint64
}

// ask asks for a batch.
func (f *follower) ask(from uint64) (batchRequest, error) {
	f.asked++
	size := followBatch
	if f.r.Subject != "" {
		size = filteredBatch
	}
	body, err := json.Marshal(struct {
		From    uint64 `json:"seq"`
		Subject string `json:"next_by_subj,omitempty"`
		Batch   int    `json:"batch"`
		Bytes   int    `json:"max_bytes"`
	}{from, f.r.Subject, size, followBytes})
	if err != nil {
		return batchRequest{}, err
	}
	request := batchRequest{from: from, reply: f.inbox + "." + strconv.Itoa(f.asked)}
	return request, f.js.Conn().PublishRequest(APISubject(f.js, "DIRECT.GET."+f.r.Stream), request.reply, body)
}

// askNext asks for the next batch, unless that was done ahead.
func (f *follower) askNext() (batchRequest, error) {
	next := f.ahead
	f.ahead = batchRequest{}
	if next.from == f.r.From {
		return next, nil
	}
	return f.ask(f.r.From)
}

// askAhead asks for the batch after the one that msg begins: the server then reads it
// while this one is taken. Where that batch begins is a guess, which follows from the
// batch before. A wrong one is given up.
func (f *follower) askAhead(msg Followed) (err error) {
	if f.dense && msg.Sequence == f.r.From && msg.Pending >= followBatch {
		f.ahead, err = f.ask(msg.Sequence + followBatch)
	}
	return err
}

// batch reads the next messages with one request, from any replica. It takes those
// that follow each other without doubt.
func (f *follower) batch(ctx context.Context) (got batched, err error) {
	request, err := f.askNext()
	if err != nil {
		return got, err
	}
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	pause := time.AfterFunc(replyTimeout, func() { giveUp(errNoReply) })
	defer pause.Stop()
	var before Followed // It is taken when the next reply confirms its sequence.
	for {
		msg, err := f.reply(ctx, &request)
		if errors.Is(err, nats.ErrNoResponders) {
			return got, nil // So does the leader answer, if it is true.
		}
		if err != nil {
			return got, err
		}
		pause.Reset(replyTimeout)
		status := msg.Header.Get("Status")
		if status != "" && status != endOfBatch {
			return got, nil // Nothing follows, or so it seems.
		}
		previous, err := number(msg, jetstream.LastSequenceHeader)
		switch {
		case err != nil:
			return got, nil // The leader is asked for it.
		case before.RawStreamMsg == nil && previous != 0, before.RawStreamMsg != nil && previous != before.Sequence:
			return got, nil
		case before.RawStreamMsg != nil:
			f.take(before)
		}
		if status == endOfBatch {
			got.pending, err = number(msg, pendingHeader)
			got.complete = err == nil && before.RawStreamMsg != nil
			f.dense = f.r.Subject == "" && got.complete && before.Sequence == request.from+followBatch-1
			return got, nil
		}
		first := before.RawStreamMsg == nil
		if before, err = decodeReply(msg); err != nil || before.Sequence < f.r.From {
			return got, nil // As above.
		}
		if first {
			if err := f.askAhead(before); err != nil {
				return got, err
			}
		}
	}
}

const (
	endOfBatch    = "204"
	pendingHeader = "Nats-Num-Pending"
)

// errNoReply is that a reply stays away, or its rest.
var errNoReply = errors.New("no complete reply")

// reply waits for the next message of the reply to a request. Those to requests that
// were given up are skipped.
func (f *follower) reply(ctx context.Context, request *batchRequest) (*nats.Msg, error) {
	if len(request.early) > 0 {
		msg := request.early[0]
		request.early = request.early[1:]
		return msg, nil
	}
	for {
		msg, err := f.replies.NextMsgWithContext(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			return nil, fmt.Errorf("%w: %w", errNoReply, err)
		}
		switch msg.Subject {
		case request.reply:
			return msg, nil
		case f.ahead.reply:
			f.ahead.early = append(f.ahead.early, msg)
		}
	}
}

// errForged is what does not look like the reply of a server.
var errForged = errors.New("the headers are not those of a reply")

// number reads a header of the server's. A server adds its headers after those of
// the message: the last one counts.
func number(msg *nats.Msg, name string) (uint64, error) {
	values := msg.Header.Values(name)
	if len(values) == 0 {
		return 0, errForged
	}
	return strconv.ParseUint(values[len(values)-1], 10, 64)
}

// decodeReply reads a message of a batch, without the headers that the server adds.
func decodeReply(msg *nats.Msg) (found Followed, err error) {
	m := &jetstream.RawStreamMsg{Data: msg.Data, Header: msg.Header}
	found.RawStreamMsg = m
	if m.Sequence, err = number(msg, jetstream.SequenceHeader); err != nil {
		return found, err
	}
	if found.Pending, err = number(msg, pendingHeader); err != nil {
		return found, err
	}
	for _, name := range []string{jetstream.StreamHeader, jetstream.SubjectHeader, jetstream.TimeStampHeaer} {
		if len(msg.Header.Values(name)) == 0 {
			return found, errForged
		}
	}
	last := func(name string) string {
		values := msg.Header.Values(name)
		return values[len(values)-1]
	}
	m.Subject = last(jetstream.SubjectHeader)
	if m.Time, err = time.Parse(time.RFC3339Nano, last(jetstream.TimeStampHeaer)); err != nil {
		return found, err
	}
	for _, name := range serverHeaders {
		if values := m.Header[name]; len(values) > 1 {
			m.Header[name] = slices.Clip(values[:len(values)-1])
		} else {
			delete(m.Header, name)
		}
	}
	return found, nil
}

// serverHeaders are those that the server adds to a message of a batch.
var serverHeaders = []string{
	jetstream.StreamHeader, jetstream.SubjectHeader, jetstream.SequenceHeader, jetstream.TimeStampHeaer, jetstream.LastSequenceHeader, pendingHeader,
}
