package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"shipments/events"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ErrNoInput is returned for an input that its stream does not hold.
var ErrNoInput = errors.New("no such input")

// ReadInput reads the message of the SHIPMENTS stream with a sequence, or
// returns [ErrNoInput].
func ReadInput(ctx context.Context, js jetstream.JetStream, sequence uint64) (events.Input, error) {
	if sequence == 0 {
		return events.Input{}, ErrNoInput
	}
	msg, err := getMessage(ctx, js, events.StreamShipments, getRequest{Sequence: sequence})
	if err != nil {
		return events.Input{}, fmt.Errorf("read input %d: %w", sequence, err)
	}
	if msg == nil {
		return events.Input{}, ErrNoInput
	}
	return events.Input{
		Stream:         events.StreamShipments,
		StreamSequence: msg.Sequence,
		Subject:        msg.Subject,
		StoredAt:       msg.Time,
		Headers:        events.EscapeHeaders(msg.Header),
		Data:           msg.Data,
	}, nil
}

// getRequest asks for one message of a stream.
type getRequest struct {
	Sequence      uint64 `json:"seq,omitempty"`
	LastBySubject string `json:"last_by_subj,omitempty"`
}

// getMessage reads a message of a stream, or nil if there is none. Unlike a
// direct get, it is answered by the stream's leader, which lacks nothing that
// was ever confirmed, and the reply keeps what a publisher put into the headers
// apart from what the server says: a publisher's "Nats-Sequence" deceives nobody.
func getMessage(ctx context.Context, js jetstream.JetStream, stream string, get getRequest) (*jetstream.RawStreamMsg, error) {
	request, err := json.Marshal(get)
	if err != nil {
		return nil, err
	}
	reply, err := js.Conn().RequestWithContext(ctx, APISubject(js, "STREAM.MSG.GET."+stream), request)
	if err != nil {
		return nil, err
	}
	var got struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Subject  string    `json:"subject"`
			Sequence uint64    `json:"seq"`
			Headers  []byte    `json:"hdrs"`
			Data     []byte    `json:"data"`
			Time     time.Time `json:"time"`
		} `json:"message"`
	}
	if err := json.Unmarshal(reply.Data, &got); err != nil {
		return nil, fmt.Errorf("decode the reply: %w", err)
	}
	if got.Error != nil {
		if got.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound {
			return nil, nil //nolint:nilnil // there is none
		}
		return nil, got.Error
	}
	m := got.Message
	msg := &jetstream.RawStreamMsg{Subject: m.Subject, Sequence: m.Sequence, Data: m.Data, Time: m.Time}
	if len(m.Headers) > 0 {
		if msg.Header, err = nats.DecodeHeadersMsg(m.Headers); err != nil {
			return nil, fmt.Errorf("decode the headers of message %d: %w", m.Sequence, err)
		}
	}
	return msg, nil
}

// APISubject is the subject of a JetStream API call for a client's account.
func APISubject(js jetstream.JetStream, call string) string {
	options := js.Options()
	switch {
	case options.APIPrefix != "":
		return strings.TrimSuffix(options.APIPrefix, ".") + "." + call
	case options.Domain != "":
		return "$JS." + options.Domain + ".API." + call
	}
	return "$JS.API." + call
}
