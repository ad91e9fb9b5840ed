package events

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"shipments/shipment"
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
	// Deliveries counts the deliveries of the message until it was rejected.
	Deliveries uint64 `json:"deliveries,omitempty"`
	// Headers are the message's; see [EscapeHeaders] and [UnescapeHeaders].
	Headers map[string][]string `json:"headers,omitempty"`
	Data    []byte              `json:"data"`
}

// EventID is the deterministic id of the rejection. It is made from the input's
// place in its stream, so one input has one rejection.
func (r Rejection) EventID() string {
	name := fmt.Sprintf("%s\n%s\n%d\n%d", TypeRejected, r.Input.Stream, r.Input.StreamSequence, r.Input.StoredAt.UnixNano())
	return NameID(name)
}

// SignalledInput is the input of an event that came to its process as a signal
// and is not in the stream.
func SignalledInput(eventType string, identity EventRef, data []byte) Input {
	return Input{Stream: "signal:" + identity.Source + ":" + identity.ID, Subject: eventType, Data: data, StoredAt: time.Unix(0, 0).UTC()}
}

// CloudEvent makes the event that carries the rejection. Its dataschema is
// served at publicURL; at is the time of the rejection.
func (r Rejection) CloudEvent(publicURL string, at time.Time) (event.Event, error) {
	ev := event.New(event.CloudEventsVersionV1)
	ev.SetID(r.EventID())
	ev.SetType(TypeRejected)
	ev.SetSource(Source)
	if r.ShipmentID != "" {
		ev.SetSubject(r.ShipmentID)
	}
	ev.SetTime(at.UTC())
	ev.SetDataSchema(SchemaURL(publicURL, TypeRejected))
	if err := ev.SetData(event.ApplicationJSON, r); err != nil {
		return ev, fmt.Errorf("encode rejection: %w", err)
	}
	return ev, nil
}

// EscapeHeaders makes a message's headers fit for JSON without losing a byte: it
// percent-encodes '%' and everything outside of printable ASCII.
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

// UnescapeHeaders is the inverse of [EscapeHeaders]. A '%' without two
// hexadecimal digits is an error.
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
