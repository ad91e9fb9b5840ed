package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"shipments/events"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Publisher stores events in JetStream. It is safe for concurrent use.
type Publisher struct {
	js        jetstream.JetStream
	publicURL string
	trouble   atomic.Pointer[trouble]
	rejected  rejectionIndex
}

// trouble is the latest failure to store an event.
type trouble struct {
	err error
	at  time.Time
}

// troubleLasts is how long a failure counts if nothing more is published.
const troubleLasts = 30 * time.Second

// Trouble returns why the latest event could not be stored, if that was lately
// and none could be stored since: a server with a full disk, say, answers
// everything but publications.
func (p *Publisher) Trouble() error {
	t := p.trouble.Load()
	if t == nil || time.Since(t.at) > troubleLasts {
		return nil
	}
	return t.err
}

// store publishes a message and waits for JetStream to confirm that it is stored.
func (p *Publisher) store(ctx context.Context, msg *nats.Msg, options ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	ack, err := p.js.PublishMsg(ctx, msg, options...)
	switch {
	case err == nil, isWrongLastSequence(err):
		p.trouble.Store(nil)
	case !errors.Is(err, context.Canceled):
		p.trouble.Store(&trouble{err: err, at: time.Now()})
	}
	if err != nil {
		return nil, fmt.Errorf("publish %s: %w", msg.Subject, err)
	}
	return ack, nil
}

// NewPublisher makes a publisher. The schemas that events name are served by
// the HTTP API at publicURL.
func NewPublisher(js jetstream.JetStream, publicURL string) *Publisher {
	return &Publisher{js: js, publicURL: publicURL}
}

// Message encodes an event in structured content mode for a subject. The
// event's id becomes the message id that JetStream recognises repeats by.
func Message(subject string, ev event.Event) (*nats.Msg, error) {
	body, err := json.Marshal(ev)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", ev.Type(), err)
	}
	msg := nats.NewMsg(subject)
	msg.Header.Set("Content-Type", events.ContentType)
	msg.Header.Set(jetstream.MsgIDHeader, ev.ID())
	msg.Data = body
	return msg, nil
}

// PublishCreated stores a shipments.created event under its shipment's own
// subject and returns its stream sequence.
func (p *Publisher) PublishCreated(ctx context.Context, ev event.Event, shipmentID string) (uint64, error) {
	msg, err := Message(events.Subject(events.TypeCreated, shipmentID), ev)
	if err != nil {
		return 0, err
	}
	// Only the very same event is a repeat: ids are unique per source alone.
	name := strings.Join([]string{ev.Source(), ev.ID(), msg.Subject, string(ev.Data())}, "\n")
	msg.Header.Set(jetstream.MsgIDHeader, events.NameID(name))
	ack, err := p.store(ctx, msg, jetstream.WithExpectStream(events.StreamShipments))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// ConflictError says that the subject of an outcome already holds another event.
type ConflictError struct {
	Subject string
	// Stored is the event that is there.
	Stored event.Event
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s already holds event %s of another run", e.Subject, e.Stored.ID())
}

// PublishOnce stores an outcome event such that it is stored exactly once,
// however often and however late the call is repeated, and returns its stream
// sequence.
//
// JetStream is told to store it only as the first message of its subject, so
// this does not depend on the stream's duplicate window. If there is one
// already, its id decides: the same id is success, another one a
// [*ConflictError], which retrying does not heal. Any other error is worth a retry.
func (p *Publisher) PublishOnce(ctx context.Context, outcome events.Outcome) (uint64, error) {
	ev, err := outcome.CloudEvent(p.publicURL)
	if err != nil {
		return 0, err
	}
	msg, err := Message(events.Subject(outcome.Type, outcome.Lineage.ShipmentID), ev)
	if err != nil {
		return 0, err
	}
	ack, err := p.store(ctx, msg,
		jetstream.WithExpectStream(events.StreamEvents),
		jetstream.WithExpectLastSequencePerSubject(0))
	if err == nil {
		return ack.Sequence, nil
	}
	if !isWrongLastSequence(err) {
		return 0, err
	}
	return p.alreadyStored(ctx, msg.Subject, ev.ID())
}

func (p *Publisher) alreadyStored(ctx context.Context, subject, id string) (uint64, error) {
	stream, err := p.js.Stream(ctx, events.StreamEvents)
	if err != nil {
		return 0, fmt.Errorf("look up stream %s: %w", events.StreamEvents, err)
	}
	stored, err := stream.GetLastMsgForSubject(ctx, subject)
	if err != nil {
		return 0, fmt.Errorf("read what %s holds: %w", subject, err)
	}
	var existing event.Event
	if err := json.Unmarshal(stored.Data, &existing); err != nil {
		return 0, fmt.Errorf("decode what %s holds: %w", subject, err)
	}
	if existing.ID() != id {
		return 0, &ConflictError{Subject: subject, Stored: existing}
	}
	return stored.Sequence, nil
}

// isWrongLastSequence recognises the refusal of an expected last sequence:
// servers use the second code in replicated streams.
func isWrongLastSequence(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
			api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
