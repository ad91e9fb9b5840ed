package streams

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/propagation"

	"shipments/events"
)

// Publisher stores events in JetStream. It is safe for concurrent use.
type Publisher struct {
	js        jetstream.JetStream
	publicURL string
	lastError atomic.Pointer[storeError]
	rejected  rejectionIndex
}

// storeError is a failure to store an event.
type storeError struct {
	err       error
	since, at time.Time // of the first failure in a row, and of the last one
}

// errorLasts is how long a failure counts if nothing more is published.
const errorLasts = 2 * time.Minute

// NewPublisher makes a publisher. The schemas that events name are served by
// the HTTP API at publicURL.
func NewPublisher(js jetstream.JetStream, publicURL string) *Publisher {
	return &Publisher{js: js, publicURL: publicURL}
}

// Failing returns why the last event could not be stored, and since when none
// could. The error is nil once another one has been stored, and if nothing was
// published for two minutes. A server with a full disk, for example, answers all
// requests but publications.
func (p *Publisher) Failing() (since time.Time, err error) {
	last := p.lastError.Load()
	if last == nil || time.Since(last.at) > errorLasts {
		return time.Time{}, nil
	}
	return last.since, last.err
}

// failed notes that an event could not be stored.
func (p *Publisher) failed(err error) {
	failure := &storeError{err: err, since: time.Now(), at: time.Now()}
	if since, earlier := p.Failing(); earlier != nil {
		failure.since = since
	}
	p.lastError.Store(failure)
}

// store publishes a message and waits for JetStream to confirm that it is stored. The
// trace of ctx goes with it, in its headers.
func (p *Publisher) store(ctx context.Context, msg *nats.Msg, options ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	if len(msg.Header["traceparent"]) == 0 {
		propagation.TraceContext{}.Inject(ctx, headerCarrier(msg.Header))
	}
	ack, err := p.js.PublishMsg(ctx, msg, options...)
	switch {
	case err == nil, isWrongLastSequence(err):
		p.lastError.Store(nil)
	case !errors.Is(err, context.Canceled):
		p.failed(err)
	}
	if err != nil {
		return nil, fmt.Errorf("publish %s: %w", msg.Subject, err)
	}
	return ack, nil
}

// headerCarrier carries a trace in headers, whose names are lower-case there.
type headerCarrier nats.Header

var _ propagation.TextMapCarrier = headerCarrier{}

// Get returns a header.
func (h headerCarrier) Get(name string) string { return nats.Header(h).Get(name) }

// Set sets a header.
func (h headerCarrier) Set(name, value string) { h[name] = []string{value} }

// Keys are the names of the headers.
func (h headerCarrier) Keys() []string { return slices.Collect(maps.Keys(h)) }

// Message encodes an event in structured content mode for a subject. The event's
// id becomes the message id, by which JetStream recognises repeats.
func Message(subject string, ev event.Event) (*nats.Msg, error) {
	body, err := encode(ev)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", ev.Type(), err)
	}
	msg := nats.NewMsg(subject)
	msg.Header.Set("Content-Type", events.ContentType)
	msg.Header.Set(jetstream.MsgIDHeader, ev.ID())
	msg.Data = body
	return msg, nil
}

// encode writes an event whose data is JSON, if it has any. The SDK writes the data
// as a string if its content type is a JSON that the SDK does not know, such as
// application/vnd.acme+json.
func encode(ev event.Event) ([]byte, error) {
	data := ev.DataEncoded
	media := strings.ToLower(ev.DataMediaType())
	if len(data) == 0 || media == event.ApplicationJSON || !events.IsJSON(media) {
		return json.Marshal(ev)
	}
	ev.DataEncoded = nil
	attributes, err := json.Marshal(ev)
	if err != nil {
		return nil, err
	}
	body := append(bytes.TrimSuffix(attributes, []byte("}")), `,"data":`...)
	return append(append(body, data...), '}'), nil
}

// PublishCreated stores a shipments.created event under its shipment's own
// subject and returns its stream sequence.
func (p *Publisher) PublishCreated(ctx context.Context, ev event.Event, shipmentID string) (uint64, error) {
	return p.publishInput(ctx, events.TypeCreated, ev, shipmentID)
}

// PublishInput stores an input, a shipment or a request, under its shipment's own
// subject and returns its stream sequence.
func (p *Publisher) PublishInput(ctx context.Context, ev event.Event, shipmentID string) (uint64, error) {
	return p.publishInput(ctx, ev.Type(), ev, shipmentID)
}

func (p *Publisher) publishInput(ctx context.Context, eventType string, ev event.Event, shipmentID string, options ...jetstream.PublishOpt) (uint64, error) {
	msg, err := Message(events.Subject(eventType, shipmentID), ev)
	if err != nil {
		return 0, err
	}
	// An id is unique within its source alone, so the message id is made of all
	// that makes two events the same.
	name := strings.Join([]string{ev.Source(), ev.ID(), msg.Subject, string(ev.Data())}, "\n")
	msg.Header.Set(jetstream.MsgIDHeader, events.NameID(name))
	ack, err := p.store(ctx, msg, append(options, jetstream.WithExpectStream(events.StreamShipments))...)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// OutcomeConflictError says that the subject of an outcome already holds another
// event.
type OutcomeConflictError struct {
	Subject string
	// Stored is the event that is there.
	Stored event.Event
}

func (e *OutcomeConflictError) Error() string {
	return fmt.Sprintf("%s already holds event %s of another run", e.Subject, e.Stored.ID())
}

// PublishOnce stores an outcome event exactly once, however often and however
// late the call is repeated, and returns its stream sequence.
//
// JetStream stores it only as the first message of its subject, so this does
// not depend on the stream's duplicate window. If the subject has a message
// already, the id decides: the same id is success, another id an
// [*OutcomeConflictError], for which a retry is useless. Any other error is
// worth a retry. An event of a type that repeats is stored behind its earlier
// occurrences, in the same way.
func (p *Publisher) PublishOnce(ctx context.Context, outcome events.Outcome) (uint64, error) {
	ev, err := outcome.CloudEvent(p.publicURL)
	if err != nil {
		return 0, err
	}
	msg, err := Message(events.Subject(outcome.Type, outcome.Lineage.ShipmentID), ev)
	if err != nil {
		return 0, err
	}
	if outcome.Occurrence > 0 {
		return p.publishOccurrence(ctx, msg, outcome)
	}
	sequence, err := p.storeAfter(ctx, msg, 0)
	if isWrongLastSequence(err) {
		return p.alreadyStored(ctx, msg.Subject, ev.ID())
	}
	return sequence, err
}

// storeAfter stores an outcome event if the last message of its subject has the
// given sequence; 0 means that there is none.
func (p *Publisher) storeAfter(ctx context.Context, msg *nats.Msg, last uint64) (uint64, error) {
	ack, err := p.store(ctx, msg,
		jetstream.WithExpectStream(events.StreamEvents),
		jetstream.WithExpectLastSequencePerSubject(last))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// alreadyStored returns the sequence of the event on a subject if it has the id.
func (p *Publisher) alreadyStored(ctx context.Context, subject, id string) (uint64, error) {
	stored, err := getMessage(ctx, p.js, events.StreamEvents, getRequest{LastBySubject: subject})
	if err != nil {
		return 0, fmt.Errorf("read what %s holds: %w", subject, err)
	}
	if stored == nil {
		return 0, fmt.Errorf("%s holds a message that cannot be read yet", subject)
	}
	var existing event.Event
	if err := json.Unmarshal(stored.Data, &existing); err != nil {
		return 0, fmt.Errorf("decode what %s holds: %w", subject, err)
	}
	if existing.ID() != id {
		return 0, &OutcomeConflictError{Subject: subject, Stored: existing}
	}
	return stored.Sequence, nil
}

// isWrongLastSequence reports whether the last message of the subject was another. Servers use the
// second code in replicated streams.
func isWrongLastSequence(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
			api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
