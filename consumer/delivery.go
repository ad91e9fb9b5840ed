package consumer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
	"shipments/events/streams"
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

// puller pulls messages from the durable consumer, one batch after the other,
// over one subscription: each pull has a reply subject of its own, which tells
// what the server says of it from what it says of an earlier one. One goroutine
// uses it.
type puller struct {
	nc       *nats.Conn
	request  string // the subject of pulls
	inbox    string // what reply subjects begin with
	sub      *nats.Subscription
	arriving chan *nats.Msg
	pulls    int
}

// newPuller makes a puller for batches of up to most messages. It has to be closed.
func newPuller(js jetstream.JetStream, most int) (*puller, error) {
	p := &puller{
		nc:       js.Conn(),
		request:  streams.APISubject(js, "CONSUMER.MSG.NEXT."+events.StreamShipments+"."+streams.ConsumerName),
		inbox:    js.Conn().NewInbox() + ".",
		arriving: make(chan *nats.Msg, most+8), // with room for what the server says
	}
	var err error
	if p.sub, err = p.nc.Subscribe(p.inbox+"*", func(msg *nats.Msg) { p.arriving <- msg }); err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	p.sub.SetClosedHandler(func(string) { close(p.arriving) })
	return p, nil
}

func (p *puller) close() { _ = p.sub.Unsubscribe() } // It fails if the subscription is over already.

// pull asks for up to n messages and calls each for every one that arrives,
// until there were n, the pull has expired, or ctx is done. Then it returns nil;
// trouble with the server is an error. After an error, and when ctx is done, the
// puller is of no use any more.
func (p *puller) pull(ctx context.Context, n int, each func(delivery)) error {
	request, err := json.Marshal(pullRequest{Batch: n, Expires: pullExpiry, Heartbeat: pullHeartbeat})
	if err != nil {
		return fmt.Errorf("encode the pull: %w", err)
	}
	p.pulls++
	reply := p.inbox + strconv.Itoa(p.pulls)
	if err := p.nc.PublishRequest(p.request, reply, request); err != nil {
		return fmt.Errorf("pull: %w", err)
	}
	left, err := p.receive(ctx, reply, n, each)
	if left == 0 || ctx.Err() == nil || err != nil {
		return err
	}
	return p.finish(left, each)
}

// finish ends a pull early: what the server has sent before it learns of that
// is handled too. Otherwise it would come again only after AckWait.
func (p *puller) finish(n int, each func(delivery)) error {
	if err := p.sub.Drain(); err != nil {
		return fmt.Errorf("end the pull: %w", err)
	}
	enough := time.After(finishTimeout) // with the server away there is no end to wait for
	for {
		select {
		case msg, open := <-p.arriving:
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
// still to come. The server speaks of the pull on its reply subject.
func (p *puller) receive(ctx context.Context, reply string, n int, each func(delivery)) (left int, err error) {
	silence := time.NewTimer(2 * pullHeartbeat)
	defer silence.Stop()
	for n > 0 {
		select {
		case msg, open := <-p.arriving:
			if !open {
				return n, nats.ErrConnectionClosed
			}
			silence.Reset(2 * pullHeartbeat)
			d, isDelivery := deliveryOf(msg)
			if isDelivery {
				n--
				each(d)
			} else if msg.Subject == reply {
				if ended, err := pullStatus(msg); ended || err != nil {
					return n, err
				}
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
	// again says that it may have been judged before.
	again bool
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
