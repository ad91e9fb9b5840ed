package consumer

import (
	"context"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// ackPrefix is what the reply subject of a message of a stream begins with.
const ackPrefix = "$JS.ACK."

// delivery is a message, and what JetStream says of it. Only settle answers it;
// keepInProgress restarts its ack wait.
type delivery struct {
	msg  *nats.Msg
	meta *nats.MsgMetadata
	// redelivered: an earlier delivery may have led to a verdict.
	redelivered bool
}

// seen remembers the highest stream sequence that was delivered for the first time.
// First deliveries come in the order of the stream.
type seen struct {
	last uint64
}

// deliveredBefore reports whether a message may have been delivered before: JetStream
// counts more than one delivery, or a durable consumer of this name was deleted, which
// may have delivered it. A recreated consumer shows in two ways: the message is older
// than the consumer, or a first delivery has a sequence not above the last one.
func (s *seen) deliveredBefore(meta *nats.MsgMetadata, created time.Time) bool {
	if meta.NumDelivered > 1 || meta.Timestamp.Before(created) || meta.Sequence.Stream <= s.last {
		return true
	}
	s.last = meta.Sequence.Stream
	return false
}

// deliveryOf returns the delivery that msg is, or false if it is a status
// message of the server.
func deliveryOf(msg *nats.Msg) (delivery, bool) {
	if !strings.HasPrefix(msg.Reply, ackPrefix) {
		return delivery{}, false
	}
	meta, err := msg.Metadata()
	return delivery{msg: msg, meta: meta}, err == nil
}

// headersLost reports whether the message has headers that the client could not
// parse. The client then drops them; only the size of the message shows it.
func (d delivery) headersLost() bool {
	return d.msg.Header == nil && d.msg.Size() > len(d.msg.Subject)+len(d.msg.Reply)+len(d.msg.Data)
}

// doubleAck acknowledges the message and waits until JetStream confirms it.
func (d delivery) doubleAck(ctx context.Context) error { return d.msg.AckSync(nats.Context(ctx)) }

// term ends the message's deliveries. The server's advisory has the reason.
func (d delivery) term(reason string) error { return d.msg.Respond([]byte("+TERM " + reason)) }

// nak has the message redelivered after nakDelay.
func (d delivery) nak() error { return d.msg.NakWithDelay(nakDelay) }

// inProgress restarts the message's ack wait, [streams.AckWait].
func (d delivery) inProgress() error { return d.msg.InProgress() }
