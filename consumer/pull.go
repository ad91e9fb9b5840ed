package consumer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
	"shipments/events/streams"
)

// The puller implements JetStream's pull protocol itself. Fetch of package
// jetstream takes each empty message with a "Status" header for a status of the
// server. A publisher's message that looks like one would neither be handled nor
// settled. Here a message of the stream is recognised by its reply subject.
// See docs/decisions/0004-pull-protocol-by-hand.md and
// https://docs.nats.io/reference/reference-protocols/nats_api_reference

const (
	pullExpiry    = 20 * time.Second       // the server ends a pull after this time
	pullHeartbeat = 5 * time.Second        // interval of the server's heartbeats while a pull is open
	firstExpiry   = 250 * time.Millisecond // the server ends a puller's first pull after this time
	finishTimeout = 2 * time.Second        // for messages that the server has already sent when a pull is cut short
)

// errNoHeartbeat: two heartbeats of an open pull are missing.
var errNoHeartbeat = errors.New("JetStream sends no heartbeats")

// pullRequest asks for messages.
type pullRequest struct {
	Batch     int           `json:"batch"`
	Expires   time.Duration `json:"expires"`
	Heartbeat time.Duration `json:"idle_heartbeat,omitempty"`
}

// nextRequest asks for n messages. The first pull of a puller is short: its answer
// shows soon whether the server takes pulls.
func (p *puller) nextRequest(n int) pullRequest {
	if p.pulls == 0 {
		return pullRequest{Batch: n, Expires: firstExpiry}
	}
	return pullRequest{Batch: n, Expires: pullExpiry, Heartbeat: pullHeartbeat}
}

// puller pulls messages from the durable consumer, one batch after the other,
// over one subscription. Each pull has its own reply subject, so that the status
// messages of an earlier pull are not taken for those of this one. A puller is
// not safe for concurrent use.
type puller struct {
	nc       *nats.Conn
	request  string // the subject that takes pull requests
	inbox    string // the prefix of reply subjects
	sub      *nats.Subscription
	arriving chan *nats.Msg
	pulls    int
}

// newPuller makes a puller for batches of at most limit messages. The caller
// closes it.
func newPuller(js jetstream.JetStream, limit int) (*puller, error) {
	p := &puller{
		nc:       js.Conn(),
		request:  streams.APISubject(js, "CONSUMER.MSG.NEXT."+events.StreamShipments+"."+streams.ConsumerName),
		inbox:    js.Conn().NewInbox() + ".",
		arriving: make(chan *nats.Msg, limit+8), // and some status messages
	}
	var err error
	if p.sub, err = p.nc.Subscribe(p.inbox+"*", func(msg *nats.Msg) { p.arriving <- msg }); err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	p.sub.SetClosedHandler(func(string) { close(p.arriving) })
	return p, nil
}

func (p *puller) close() { _ = p.sub.Unsubscribe() } // It fails if the subscription is over already.

// pull requests n messages and calls each for every one that arrives. It returns nil
// when n have arrived, when the pull has expired, or when ctx is done, and an error
// when the server reports one, or sends nothing for two heartbeats. After an error, and
// after ctx is done, the puller cannot be used again.
func (p *puller) pull(ctx context.Context, n int, each func(delivery)) error {
	request, err := json.Marshal(p.nextRequest(n))
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

// finish cuts a pull short. It still calls each for up to n messages that the server
// sends before it processes the unsubscription. Without this they would be redelivered,
// but only after AckWait.
func (p *puller) finish(n int, each func(delivery)) error {
	if err := p.sub.Drain(); err != nil {
		return fmt.Errorf("end the pull: %w", err)
	}
	timeout := time.After(finishTimeout) // a server that is away confirms nothing
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
		case <-timeout:
			return nil
		}
	}
}

// receive calls each for up to n messages that arrive. It returns how many are
// missing when the pull ends. The server sends status messages to the reply
// subject of the pull.
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

// pullStatus interprets a status message: whether it ends the pull, and the error
// that it reports.
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
