package consumer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
)

// The pull protocol is spoken here rather than through the jetstream package's
// Fetch, because that takes every empty message with a "Status" header for a
// status of the server: a publisher's message that looks like one would never
// be handled and never be settled. A message of the stream is known by its
// reply subject. See https://docs.nats.io/reference/reference-protocols/nats_api_reference

const (
	pullExpiry    = 20 * time.Second // the server ends a pull after this time
	pullHeartbeat = 5 * time.Second  // the server shows that a pull is alive
	ackPrefix     = "$JS.ACK."
)

// errNoHeartbeat says that the server has gone silent.
var errNoHeartbeat = errors.New("JetStream has gone silent")

// pullRequest asks for messages.
type pullRequest struct {
	Batch     int           `json:"batch"`
	Expires   time.Duration `json:"expires"`
	Heartbeat time.Duration `json:"idle_heartbeat"`
}

// pullBatch asks the durable consumer for up to n messages and calls each for
// every one that arrives, until there were n, the pull has expired, or ctx is
// done. Then it returns nil; trouble with the server is an error.
func pullBatch(ctx context.Context, js jetstream.JetStream, n int, each func(delivery)) error {
	nc := js.Conn()
	inbox := nc.NewInbox()
	arriving := make(chan *nats.Msg, n+8)
	sub, err := nc.ChanSubscribe(inbox, arriving)
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	defer sub.Unsubscribe() //nolint:errcheck // the connection is gone then, and the subscription with it
	request, err := json.Marshal(pullRequest{Batch: n, Expires: pullExpiry, Heartbeat: pullHeartbeat})
	if err != nil {
		return fmt.Errorf("encode the pull: %w", err)
	}
	subject := events.APISubject(js, "CONSUMER.MSG.NEXT."+events.StreamShipments+"."+events.ConsumerName)
	if err := nc.PublishRequest(subject, inbox, request); err != nil {
		return fmt.Errorf("pull: %w", err)
	}
	silence := time.NewTimer(2 * pullHeartbeat)
	defer silence.Stop()
	for stopping := ctx.Done(); n > 0; {
		var msg *nats.Msg
		select {
		case msg = <-arriving:
		default: // What has arrived is handled even while stopping.
			select {
			case msg = <-arriving:
			case <-stopping:
				return nil
			case <-silence.C:
				return errNoHeartbeat
			}
		}
		silence.Reset(2 * pullHeartbeat)
		if !strings.HasPrefix(msg.Reply, ackPrefix) {
			if ended, err := pullStatus(msg); ended || err != nil {
				return err
			}
			continue
		}
		meta, err := msg.Metadata()
		if err != nil {
			return fmt.Errorf("read a message's metadata: %w", err)
		}
		n--
		each(delivery{msg: msg, meta: meta})
	}
	return nil
}

// pullStatus reads a status message of the server: whether the pull has ended,
// and whether that is trouble.
func pullStatus(msg *nats.Msg) (ended bool, err error) {
	switch status := msg.Header.Get("Status"); status {
	case "100": // heartbeat
		return false, nil
	case "404", "408": // no messages; expired
		return true, nil
	default:
		return true, fmt.Errorf("pull: status %s %s", status, msg.Header.Get("Description"))
	}
}

// delivery is one message with what JetStream says of it. Only settle answers
// it; keepAlive asks for more time.
type delivery struct {
	msg  *nats.Msg
	meta *nats.MsgMetadata
}

// acknowledge returns when JetStream has confirmed it.
func (d delivery) acknowledge(ctx context.Context) error { return d.msg.AckSync(nats.Context(ctx)) }

// terminate ends the message's deliveries; the reason is in the server's advisory.
func (d delivery) terminate(reason string) error { return d.msg.Respond([]byte("+TERM " + reason)) }

// handBack has the message delivered again after a delay.
func (d delivery) handBack(delay time.Duration) error { return d.msg.NakWithDelay(delay) }

// keep asks for another AckWait.
func (d delivery) keep() error { return d.msg.InProgress() }
