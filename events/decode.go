package events

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"

	"shipments/shipment"
	"shipments/shipment/text"
)

// Decode reads a CloudEvent 1.0 from a message in either content mode of the
// NATS protocol binding: structured (Content-Type application/cloudevents+json or
// another type of JSON, or none and a JSON object) or binary ("ce-" headers, whose
// values may be quoted, and percent-encoded). Header names are compared without
// regard to case. In structured mode a member that is null is absent. The HTTP
// binding of CloudEvents is the same in these respects, so the HTTP API uses this
// function as well.
//
// It is stricter than the CloudEvents SDK's own decoder, which accepts
// duplicate members, trailing data, malformed extensions and more. With reasons,
// the message is invalid and the event must not be used. No input makes it panic.
func Decode(header map[string][]string, body []byte) (ev event.Event, reasons []shipment.Reason) {
	defer guard(&reasons)
	ev, err := decode(header, body)
	if err == nil {
		return ev, nil
	}
	var found invalidError
	if errors.As(err, &found) {
		return ev, []shipment.Reason{shipment.Reason(found)}
	}
	return ev, []shipment.Reason{{Code: CodeUndecodable, Message: err.Error()}}
}

// IsEvent reports whether a body is a CloudEvent in structured mode rather than
// plain data: a JSON object with the member "specversion", which no data that the
// service takes has. The event may be invalid.
func IsEvent(body []byte) bool {
	var head struct {
		SpecVersion json.RawMessage `json:"specversion"`
	}
	return json.Unmarshal(body, &head) == nil && head.SpecVersion != nil
}

// invalidError is the reason why a message is no event. Decoding ends with the first.
type invalidError shipment.Reason

func (e invalidError) Error() string { return shipment.Reason(e).String() }

func invalid(code, path, format string, args ...any) error {
	return invalidError{Code: code, Path: path, Message: fmt.Sprintf(format, args...)}
}

// guard is deferred by functions that read input. It turns a panic, of a
// library for example, into a reason: another attempt would panic too.
func guard(reasons *[]shipment.Reason) {
	if r := recover(); r != nil {
		*reasons = []shipment.Reason{{Code: CodeUndecodable, Message: "decoding this message failed unexpectedly"}}
	}
}

func decode(header map[string][]string, body []byte) (event.Event, error) {
	if len(body) > MaxMessageBytes {
		return event.Event{}, invalid(CodeTooLarge, "", "%d bytes: a message has at most %d", len(body), MaxMessageBytes)
	}
	headers, err := readHeaders(header)
	switch {
	case err != nil:
		return event.Event{}, err
	case len(headers.attributes) == 0:
		return decodeStructured(headers, body)
	case headers.structured:
		return event.Event{}, invalid(CodeBothContentModes, "", "the content type says structured mode, the ce- headers say binary mode: use one of them")
	}
	return decodeBinary(headers, body)
}

func decodeBinary(h messageHeaders, body []byte) (event.Event, error) {
	ev, err := binaryAttributes(h)
	if err != nil {
		return ev, err
	}
	if len(body) == 0 {
		return ev, invalid(CodeMissingData, "data", "the message has no body")
	}
	ev.DataEncoded = body
	return ev, checkJSON(body)
}

func decodeStructured(h messageHeaders, body []byte) (event.Event, error) {
	if h.media != "" && !IsJSON(h.media) {
		return event.Event{}, invalid(CodeUnsupportedContentType, "content-type", "%q without ce- headers: use %s", text.Clip(h.media, maxNameLength), ContentType)
	}
	b := newBuilder()
	var data, encoded json.RawMessage
	err := scanJSON(body, func(name string, value json.RawMessage) {
		switch {
		case value[0] == 'n': // null is the same as absent (JSON event format, section 2.2).
		case name == "data":
			data = value
		case name == "data_base64":
			encoded = value
		default:
			b.member(name, value)
		}
	})
	if err != nil {
		return event.Event{}, err
	}
	switch first := bytes.TrimLeft(body, " \t\r\n")[0]; first {
	case '{':
	case '[':
		return event.Event{}, invalid(CodeBatch, "", "batches are not supported: publish one event per message")
	default:
		return event.Event{}, invalid(CodeNotAnObject, "", "a CloudEvent in structured mode is a JSON object")
	}
	if data != nil && encoded != nil {
		return event.Event{}, invalid(CodeBothDataMembers, "data", "the event has data and data_base64: use one of them")
	}
	ev, err := b.build()
	if err != nil {
		return ev, err
	}
	ev.DataEncoded, err = eventData(data, encoded)
	return ev, err
}

// eventData is the data of an event in structured mode, from one of two members.
func eventData(data, encoded json.RawMessage) ([]byte, error) {
	switch {
	case encoded != nil:
		decoded, err := base64Data(encoded)
		switch {
		case err != nil:
			return nil, err
		case len(decoded) == 0:
			return nil, invalid(CodeMissingData, "data_base64", "the event has no data")
		}
		return decoded, checkJSON(decoded)
	case data == nil:
		return nil, invalid(CodeMissingData, "data", "the event has no data")
	}
	return data, nil
}

func base64Data(encoded json.RawMessage) ([]byte, error) {
	var text string
	if err := json.Unmarshal(encoded, &text); err != nil {
		return nil, invalid(CodeInvalidData, "data_base64", "not a string")
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, invalid(CodeInvalidData, "data_base64", "not base64 (RFC 4648): %v", err)
	}
	return data, nil
}
