package streams

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// followBatch and followBytes bound one reply.
	followBatch = 2000
	followBytes = 8 << 20
	// filteredBatch is followBatch where a subject is asked for: for each batch, the
	// server counts what matches in the whole stream.
	filteredBatch = 10_000
	// replyTimeout is how long a reply may pause before it counts as lost.
	replyTimeout = 3 * time.Second

	endOfBatch    = "204"
	pendingHeader = "Nats-Num-Pending"
)

// batchRequest is a request for a batch, and what came of its reply before its turn.
type batchRequest struct {
	from  uint64 // 0 for no request
	reply string
	early []*nats.Msg
}

// batched is what a batch had.
type batched struct {
	// complete: every message that the server sent was taken.
	complete bool
	// pending counts those that follow.
	pending uint64
}

// batchOf is how many messages are asked for at once.
func batchOf(r Range) int {
	if r.Subject != "" {
		return filteredBatch
	}
	return followBatch
}

// ask asks for a batch.
func (f *follower) ask(from uint64) (batchRequest, error) {
	f.asked++
	body, err := json.Marshal(struct {
		From    uint64 `json:"seq"`
		Subject string `json:"next_by_subj,omitempty"`
		Batch   int    `json:"batch"`
		Bytes   int    `json:"max_bytes"`
	}{from, f.r.Subject, batchOf(f.r), followBytes})
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
	var before Followed // It is taken when the next reply confirms its sequence.
	for {
		msg, err := f.reply(ctx, &request)
		if err != nil {
			return got, err
		}
		status := msg.Header.Get("Status")
		if status != "" && status != endOfBatch {
			return got, nil // Nothing follows, or nobody answers, or so it seems: the leader is asked.
		}
		previous, err := number(msg, jetstream.LastSequenceHeader)
		switch {
		case err != nil:
			return got, nil //nolint:nilerr // The leader is asked for it.
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
			return got, nil //nolint:nilerr // As above.
		}
		if first {
			if err := f.askAhead(before); err != nil {
				return got, err
			}
		}
	}
}

// ErrNoReply is that a reply of JetStream, or its rest, stays away for three seconds.
var ErrNoReply = errors.New("no complete reply")

// reply waits for the next message of the reply to a request. Those to requests that
// were given up are skipped.
func (f *follower) reply(ctx context.Context, request *batchRequest) (*nats.Msg, error) {
	if len(request.early) > 0 {
		msg := request.early[0]
		request.early = request.early[1:]
		return msg, nil
	}
	pause := time.NewTimer(replyTimeout)
	defer pause.Stop()
	for {
		select {
		case msg := <-f.replies:
			switch msg.Subject {
			case request.reply:
				return msg, nil
			case f.ahead.reply:
				f.ahead.early = append(f.ahead.early, msg)
			}
		case <-pause.C:
			return nil, ErrNoReply
		case <-ctx.Done():
			return nil, ctx.Err()
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
