package streams

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// getRequest asks for one message of a stream.
type getRequest struct {
	Sequence      uint64 `json:"seq,omitempty"`
	LastBySubject string `json:"last_by_subj,omitempty"`
	// NextBySubject finds the first message of the subject from Sequence, or Since, on.
	NextBySubject string     `json:"next_by_subj,omitempty"`
	Since         *time.Time `json:"start_time,omitempty"`
}

// getMessage reads a message of a stream from its leader, or nil if there is
// none. Unlike a direct get, which any replica answers, it finds everything that
// was ever confirmed. Unlike the headers of a direct get, its reply keeps what
// the server says apart from the headers of the message, where a publisher may
// have put a "Nats-Sequence".
func getMessage(ctx context.Context, js jetstream.JetStream, stream string, get getRequest) (*jetstream.RawStreamMsg, error) {
	msg, headers, err := getStored(ctx, js, stream, get)
	if err != nil || len(headers) == 0 {
		return msg, err
	}
	if msg.Header, err = nats.DecodeHeadersMsg(headers); err != nil {
		return nil, fmt.Errorf("decode the headers of message %d: %w", msg.Sequence, err)
	}
	return msg, nil
}

// LastFromLeader reads the last message of a subject, or nil if there is none, from the
// leader of its stream. [LastDirect] is cheaper, and may miss what was confirmed just
// now.
func LastFromLeader(ctx context.Context, js jetstream.JetStream, stream, subject string) (*jetstream.RawStreamMsg, error) {
	msg, err := getMessage(ctx, js, stream, getRequest{LastBySubject: subject})
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, err)
	}
	return msg, nil
}

// getStored is [getMessage] with the bytes of the headers, which need not be headers.
func getStored(ctx context.Context, js jetstream.JetStream, stream string, get getRequest) (msg *jetstream.RawStreamMsg, headers []byte, err error) {
	request, err := json.Marshal(get)
	if err != nil {
		return nil, nil, err
	}
	reply, err := js.Conn().RequestWithContext(ctx, APISubject(js, "STREAM.MSG.GET."+stream), request)
	if err != nil {
		return nil, nil, err
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
		return nil, nil, fmt.Errorf("decode the reply: %w", err)
	}
	if got.Error != nil {
		if got.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound {
			return nil, nil, nil
		}
		return nil, nil, got.Error
	}
	m := got.Message
	return &jetstream.RawStreamMsg{Subject: m.Subject, Sequence: m.Sequence, Data: m.Data, Time: m.Time}, m.Headers, nil
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
