package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"shipments/events"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// codeStreamNotMatch is JetStream's refusal of an expected stream.
const codeStreamNotMatch jetstream.ErrorCode = 10060

// Replay publishes the input of a rejection again, as [ReplayMessage] makes it,
// and returns JetStream's acknowledgement. That is a duplicate if the same
// message has been replayed in the same run.
//
// An error may have come after the message was stored. Replaying again, in
// whatever run, does no harm.
func (p *Publisher) Replay(ctx context.Context, r events.Rejection, run string) (*jetstream.PubAck, error) {
	msg, err := ReplayMessage(r, run)
	if err != nil {
		return nil, err
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
	return ack, nil
}

// ReplayMessage is the message that replays the input of a rejection: its very
// bytes on its subject with its headers. Left out are the headers that are
// addressed to JetStream ("Nats-..."): an old expectation or an old message id
// would have it refused or taken for a repeat.
//
// The message id is made from the run, which is any text that is not used
// again, and the message. In one run the same message, which may have been
// rejected several times, is stored once (within the duplicate window): else a
// message that is always rejected would double with every replay of all. A
// later run stores it anew: an id without the run would have JetStream swallow
// a replay that comes soon after one that was too early to help. So a replay
// that was interrupted and is run again may store a message twice, which is
// what any publisher may do: the event's own id and content are unchanged, and
// by them a repeat is recognised.
//
// It is an error if the input was never in the SHIPMENTS stream, or if it has a
// header that this client cannot send exactly as it was.
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

// checkSendable says why nats.go would refuse or change a header. Other clients
// send more than it does: changing an event's attribute silently could make it
// another event.
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
