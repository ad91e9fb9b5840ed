package streams

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// LastDirect reads the last message of a subject, or nil if there is none, from
// any replica of its stream (a direct get). A replica may lag behind what was
// confirmed.
//
// Like [Walk], it is for streams that this service writes.
func LastDirect(ctx context.Context, js jetstream.JetStream, stream, subject string) (*jetstream.RawStreamMsg, error) {
	reply, err := js.Conn().RequestWithContext(ctx, APISubject(js, "DIRECT.GET."+stream+"."+subject), nil)
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, err)
	}
	switch status := reply.Header.Get("Status"); status {
	case "":
	case "404":
		return nil, nil //nolint:nilnil // there is none
	default:
		return nil, fmt.Errorf("read stream %s: status %s: %s", stream, status, reply.Header.Get("Description"))
	}
	msg := &jetstream.RawStreamMsg{Subject: reply.Header.Get(jetstream.SubjectHeader), Data: reply.Data, Header: reply.Header}
	if msg.Subject != subject {
		return nil, fmt.Errorf("read stream %s: %w", stream, errNoDirectReply)
	}
	if msg.Sequence, err = strconv.ParseUint(reply.Header.Get(jetstream.SequenceHeader), 10, 64); err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, err)
	}
	if msg.Time, err = time.Parse(time.RFC3339Nano, reply.Header.Get(jetstream.TimeStampHeaer)); err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, err)
	}
	return msg, nil
}

var errNoDirectReply = errors.New("the reply is not that of a direct get")
