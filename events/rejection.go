package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"shipments/shipment"
)

// The codes of rejections that are not about the input's form.
const (
	// CodeConflict: the shipment is known, with other content.
	CodeConflict = "conflict"
	// CodeUnknownShipment: a request for a shipment that nobody has published.
	CodeUnknownShipment = "unknown-shipment"
	// CodeShipmentEnded: a request that came when the process had ended, or
	// too late to have its effect.
	CodeShipmentEnded = "shipment-ended"
	// CodeNotRebookable: there is no failed booking to be replaced.
	CodeNotRebookable = "not-rebookable"
	// CodeRebookingFailed: the collection could not be booked for the new day.
	CodeRebookingFailed = "rebooking-failed"
	// CodeDeliveredTooOften: handling the message ended in a crash again and again.
	CodeDeliveredTooOften = "delivered-too-often"
	// CodeUnfitForTemporal: the event can never be handed to Temporal.
	CodeUnfitForTemporal = "unfit-for-temporal"
	// CodeProcessEnded: the shipment's process was ended from outside before it
	// took the shipment on.
	CodeProcessEnded = "process-ended"
)

// Rejection is the dead letter of an input: the data of shipments.rejected.
type Rejection struct {
	// ShipmentID is empty if the input had no valid one.
	ShipmentID string            `json:"shipmentId,omitempty"`
	Reasons    []shipment.Reason `json:"reasons"`
	Input      Input             `json:"input"`
}

// Input is the rejected message as it was stored.
type Input struct {
	Stream         string    `json:"stream"`
	StreamSequence uint64    `json:"streamSequence"`
	Subject        string    `json:"subject"`
	StoredAt       time.Time `json:"storedAt"`
	// Deliveries is how often the message had been delivered.
	Deliveries uint64 `json:"deliveries,omitempty"`
	// Headers are the message's; see [EscapeHeaders] and [UnescapeHeaders].
	Headers map[string][]string `json:"headers,omitempty"`
	Data    []byte              `json:"data"`
}

// EventID is the deterministic id of the rejection: one input has one.
func (r Rejection) EventID() string {
	name := fmt.Sprintf("%s\n%s\n%d\n%d", TypeRejected, r.Input.Stream, r.Input.StreamSequence, r.Input.StoredAt.UnixNano())
	return uuid.NewSHA1(namespace, []byte(name)).String()
}

// Reject stores a rejection exactly once. Repeats within the stream's
// duplicate window are recognised by JetStream; for later ones (an input that
// is delivered again long after) it looks for the earlier rejection first, in
// one round trip and whatever comes with it that is new.
func (p *Publisher) Reject(ctx context.Context, r Rejection) error {
	subject := Subject(TypeRejected, r.ShipmentID)
	stored, err := p.rejected.has(ctx, p.js, r)
	if stored || err != nil {
		return err
	}
	ev := event.New(event.CloudEventsVersionV1)
	ev.SetID(r.EventID())
	ev.SetType(TypeRejected)
	ev.SetSource(Source)
	if r.ShipmentID != "" {
		ev.SetSubject(r.ShipmentID)
	}
	ev.SetTime(time.Now().UTC())
	ev.SetDataSchema(SchemaURL(p.publicURL, TypeRejected))
	if err := ev.SetData(event.ApplicationJSON, r); err != nil {
		return fmt.Errorf("encode rejection: %w", err)
	}
	msg, err := Message(subject, ev)
	if err != nil {
		return err
	}
	_, err = p.store(ctx, msg, jetstream.WithExpectStream(StreamRejections))
	return err
}

// Rejected reports whether the input of a rejection has been rejected already.
func (p *Publisher) Rejected(ctx context.Context, r Rejection) (bool, error) {
	return p.rejected.has(ctx, p.js, r)
}

// StoredRejection is a rejection as it stands in its stream.
type StoredRejection struct {
	Rejection

	Sequence uint64    `json:"sequence"`
	Time     time.Time `json:"time"`
}

// ErrNoRejection is returned for a rejection that the stream does not hold.
var ErrNoRejection = errors.New("no such rejection")

// ReadRejection returns the rejection with a stream sequence, or [ErrNoRejection].
func ReadRejection(ctx context.Context, js jetstream.JetStream, sequence uint64) (StoredRejection, error) {
	if sequence == 0 {
		return StoredRejection{}, ErrNoRejection
	}
	msg, err := getMessage(ctx, js, StreamRejections, getRequest{Sequence: sequence})
	if err != nil {
		return StoredRejection{}, fmt.Errorf("read rejection %d: %w", sequence, err)
	}
	if msg == nil {
		return StoredRejection{}, ErrNoRejection
	}
	return DecodeRejection(msg)
}

// Rejections calls each for the stored rejections of one shipment (of all if
// id is empty) since a time, oldest first, until it returns false. A message
// that is no rejection does not hide those after it: it is an error at the end.
func Rejections(ctx context.Context, js jetstream.JetStream, id string, since time.Time, each func(StoredRejection) bool) error {
	subject := TypeRejected + ".*"
	if id != "" {
		subject = Subject(TypeRejected, id)
	}
	var broken error
	err := scan(ctx, js, StreamRejections, subject, since, 0, func(msg *jetstream.RawStreamMsg) bool {
		stored, err := DecodeRejection(msg)
		if err != nil {
			broken = errors.Join(broken, err)
			return true
		}
		return each(stored)
	})
	return errors.Join(err, broken)
}

// DecodeRejection reads a message of the rejections' stream.
func DecodeRejection(msg *jetstream.RawStreamMsg) (StoredRejection, error) {
	stored := StoredRejection{Sequence: msg.Sequence, Time: msg.Time}
	var ev event.Event
	if err := json.Unmarshal(msg.Data, &ev); err != nil {
		return stored, fmt.Errorf("rejection %d: %w", msg.Sequence, err)
	}
	if err := ev.DataAs(&stored.Rejection); err != nil {
		return stored, fmt.Errorf("rejection %d: %w", msg.Sequence, err)
	}
	return stored, nil
}

// scan reads the messages of a subject in batches: from a sequence on or, if
// that is 0, from a time on.
func scan(ctx context.Context, js jetstream.JetStream, stream, subject string, since time.Time, sequence uint64,
	each func(*jetstream.RawStreamMsg) bool,
) error {
	const batch = 100
	for {
		from := []jetstreamext.GetBatchOpt{jetstreamext.GetBatchSubject(subject), jetstreamext.GetBatchSeq(sequence)}
		if sequence == 0 {
			from[1] = jetstreamext.GetBatchStartTime(since)
		}
		messages, err := jetstreamext.GetBatch(ctx, js, stream, batch, from...)
		if err != nil {
			return err
		}
		var last *jetstream.RawStreamMsg
		for msg, err := range messages {
			if errors.Is(err, jetstreamext.ErrNoMessages) {
				return nil
			}
			if err != nil {
				return err
			}
			if !each(msg) {
				return nil
			}
			last = msg
		}
		// The iterator ends silently when the reply stays away.
		if last == nil {
			return fmt.Errorf("read stream %s: no reply: %w", stream, context.DeadlineExceeded)
		}
		sequence = last.Sequence + 1
	}
}

// EscapeHeaders makes a message's headers fit for JSON without losing a byte:
// everything outside of printable ASCII, and '%', is percent-encoded.
func EscapeHeaders(header map[string][]string) map[string][]string {
	if len(header) == 0 {
		return nil
	}
	escaped := make(map[string][]string, len(header))
	for key, values := range header {
		for _, value := range values {
			escaped[escape(key)] = append(escaped[escape(key)], escape(value))
		}
	}
	return escaped
}

// UnescapeHeaders is the inverse of [EscapeHeaders]. What that cannot have
// made, a '%' without two hexadecimal digits, is an error.
func UnescapeHeaders(escaped map[string][]string) (map[string][]string, error) {
	if len(escaped) == 0 {
		return nil, nil //nolint:nilnil // no headers are no headers
	}
	header := make(map[string][]string, len(escaped))
	for key, values := range escaped {
		name, err := url.PathUnescape(key)
		if err != nil {
			return nil, fmt.Errorf("the name of header %q: %w", key, err)
		}
		for _, value := range values {
			raw, err := url.PathUnescape(value)
			if err != nil {
				return nil, fmt.Errorf("header %q: %w", key, err)
			}
			header[name] = append(header[name], raw)
		}
	}
	return header, nil
}

func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// ConflictReason is the reason for rejecting an event whose shipment is known
// with other content.
func ConflictReason(owner Trigger) shipment.Reason {
	return shipment.Reason{
		Code: CodeConflict,
		Path: "/shipmentId",
		Message: fmt.Sprintf("the shipment is known with other content, from event %s of %s: "+
			"use a new shipment id for another shipment", owner.ID, owner.Source),
	}
}
