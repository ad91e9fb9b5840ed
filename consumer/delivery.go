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
	finishTimeout = 2 * time.Second  // for the server to confirm that a pull is over
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
	sub, err := nc.Subscribe(inbox, func(msg *nats.Msg) { arriving <- msg })
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	sub.SetClosedHandler(func(string) { close(arriving) })
	request, err := json.Marshal(pullRequest{Batch: n, Expires: pullExpiry, Heartbeat: pullHeartbeat})
	if err != nil {
		return fmt.Errorf("encode the pull: %w", err)
	}
	subject := events.APISubject(js, "CONSUMER.MSG.NEXT."+events.StreamShipments+"."+events.ConsumerName)
	if err := nc.PublishRequest(subject, inbox, request); err != nil {
		return errors.Join(fmt.Errorf("pull: %w", err), sub.Unsubscribe())
	}
	left, err := receive(ctx, arriving, n, each)
	if left == 0 || ctx.Err() == nil || err != nil {
		return errors.Join(err, sub.Unsubscribe())
	}
	return finish(sub, arriving, left, each)
}

// finish ends a pull early: what the server has sent before it learns of that
// is handled too. Otherwise it would come again only after AckWait.
func finish(sub *nats.Subscription, arriving <-chan *nats.Msg, n int, each func(delivery)) error {
	if err := sub.Drain(); err != nil {
		return fmt.Errorf("end the pull: %w", err)
	}
	enough := time.After(finishTimeout) // with the server away there is no end to wait for
	for {
		select {
		case msg, open := <-arriving:
			if !open {
				return nil
			}
			if d, isDelivery := deliveryOf(msg); isDelivery && n > 0 {
				n--
				each(d)
			}
		case <-enough:
			return nil
		}
	}
}

// receive calls each for up to n messages that arrive, and returns how many are
// still to come.
func receive(ctx context.Context, arriving <-chan *nats.Msg, n int, each func(delivery)) (left int, err error) {
	silence := time.NewTimer(2 * pullHeartbeat)
	defer silence.Stop()
	for n > 0 {
		select {
		case msg, open := <-arriving:
			if !open {
				return n, nats.ErrConnectionClosed
			}
			silence.Reset(2 * pullHeartbeat)
			d, isDelivery := deliveryOf(msg)
			if isDelivery {
				n--
				each(d)
			} else if ended, err := pullStatus(msg); ended || err != nil {
				return n, err
			}
		case <-ctx.Done():
			return n, nil
		case <-silence.C:
			return n, errNoHeartbeat
		}
	}
	return 0, nil
}

// deliveryOf tells a message of the stream from one of the server's own.
func deliveryOf(msg *nats.Msg) (delivery, bool) {
	if !strings.HasPrefix(msg.Reply, ackPrefix) {
		return delivery{}, false
	}
	meta, err := msg.Metadata()
	return delivery{msg: msg, meta: meta}, err == nil
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

// headersLost reports whether the message has headers that the client could not
// read: then it leaves them out, and tells by nothing but the message's size.
func (d delivery) headersLost() bool {
	return d.msg.Header == nil && d.msg.Size() > len(d.msg.Subject)+len(d.msg.Reply)+len(d.msg.Data)
}

// acknowledge returns when JetStream has confirmed it.
func (d delivery) acknowledge(ctx context.Context) error { return d.msg.AckSync(nats.Context(ctx)) }

// terminate ends the message's deliveries; the reason is in the server's advisory.
func (d delivery) terminate(reason string) error { return d.msg.Respond([]byte("+TERM " + reason)) }

// handBack has the message delivered again after a delay.
func (d delivery) handBack(delay time.Duration) error { return d.msg.NakWithDelay(delay) }

// keep asks for another AckWait.
func (d delivery) keep() error { return d.msg.InProgress() }
