package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
)

// codeStreamNotMatch is JetStream's error for a message whose expected stream is another.
const codeStreamNotMatch jetstream.ErrorCode = 10060

// Replay publishes the input of a rejection again, as [ReplayMessage] makes it,
// marks the rejection as replayed by a principal (see [Standings]), which may be empty,
// and returns JetStream's acknowledgement. That is a duplicate if the same message has been replayed in the
// same run.
//
// The message may be stored although there is an error. Replaying it again does
// no harm, in the same run or another.
func (p *Publisher) Replay(ctx context.Context, r events.Rejection, run, principal string) (*jetstream.PubAck, error) {
	msg, err := ReplayMessage(r, run)
	if err != nil {
		return nil, err
	}
	if _, err := p.js.Stream(ctx, ReplayStream); err != nil {
		return nil, fmt.Errorf("look up bucket %s, which marks replays: %w", ReplayBucket, err)
	}
	ack, err := p.js.PublishMsg(ctx, msg, jetstream.WithExpectStream(events.StreamShipments))
	var api *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrNoStreamResponse),
		errors.As(err, &api) && api.ErrorCode == codeStreamNotMatch:
		return nil, fmt.Errorf("stream %s does not take the subject %q any longer: %w", events.StreamShipments, msg.Subject, err)
	case err != nil:
		return nil, fmt.Errorf("publish %s: %w", msg.Subject, err)
	}
	return ack, p.markReplayed(ctx, r, ack.Sequence, principal)
}

// ReplayMessage is the message that replays the input of a rejection: the same
// bytes on the same subject with the same headers, but for headers that JetStream
// obeys ("Nats-..."): with an old expectation or an old message id it would not
// store the message.
//
// The message id is made from the message and the run, which is any text that is
// not used again. Within a run, and within the duplicate window, a message that
// was rejected several times is stored once: otherwise, each replay of all
// rejections would double a message that is always rejected. A later run stores
// it again: with an id of the message alone, JetStream would drop a replay that
// soon follows one that came too early to help.
//
// So a replay that was interrupted and is run again may store a message twice.
// That does no harm: the event's own id and content are the same, by which
// repeats are recognised.
//
// It is an error if the input was never in the SHIPMENTS stream, or if it has a
// header that this client cannot send unchanged.
func ReplayMessage(r events.Rejection, run string) (*nats.Msg, error) {
	if r.Input.Stream != events.StreamShipments {
		return nil, fmt.Errorf("its input is from %q and never was in stream %s: its publisher has to publish it", r.Input.Stream, events.StreamShipments)
	}
	header, err := events.UnescapeHeaders(r.Input.Headers)
	if err != nil {
		return nil, fmt.Errorf("decode its input's headers: %w", err)
	}
	msg := nats.NewMsg(r.Input.Subject)
	msg.Data = r.Input.Data
	for name, values := range header {
		if strings.HasPrefix(name, "Nats-") {
			continue
		}
		if err := checkSendable(name, values); err != nil {
			return nil, err
		}
		msg.Header[name] = values
	}
	identity, err := json.Marshal([]any{"replay", run, msg.Subject, events.EscapeHeaders(msg.Header), msg.Data})
	if err != nil {
		return nil, fmt.Errorf("identify the replay: %w", err)
	}
	msg.Header.Set(jetstream.MsgIDHeader, events.NameID(string(identity)))
	return msg, nil
}

// checkSendable returns an error for a header that nats.go cannot send unchanged.
// Other clients can send more. A changed attribute could make it another event.
func checkSendable(name string, values []string) error {
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }) {
		return fmt.Errorf("the header %q cannot be sent again: its name is not printable ASCII without spaces", name)
	}
	for _, value := range values {
		if value != textproto.TrimString(value) || strings.ContainsAny(value, "\r\n") {
			return fmt.Errorf("the header %s cannot be sent again as it was: its value %q has white space around it or a line break", name, value)
		}
	}
	return nil
}
