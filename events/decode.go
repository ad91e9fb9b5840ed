package events

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/go-json-experiment/json/jsontext"

	"shipments/shipment"
)

const (
	// MaxDepth bounds the nesting of JSON in a message; the schemas need five levels.
	MaxDepth = 32
	// MaxAttributeLength bounds the value of a context attribute, in bytes.
	MaxAttributeLength = 1024
)

// refusalError is the error of a decoding step: it stops with one reason.
type refusalError shipment.Reason

func (r refusalError) Error() string { return shipment.Reason(r).String() }

func refuse(code, path, format string, args ...any) error {
	return refusalError{Code: code, Path: path, Message: fmt.Sprintf(format, args...)}
}

// Decode reads a CloudEvent 1.0 from a message in either content mode of the
// NATS protocol binding: structured (Content-Type application/cloudevents+json,
// or none and a JSON object) or binary ("ce-" headers, whatever the case of
// their names, with percent-encoded values). Header names are compared without
// regard to case. The HTTP binding of CloudEvents is the same in these
// respects, so the HTTP API uses this function as well.
//
// It is stricter than the CloudEvents SDK's own decoder, which accepts
// duplicate members, trailing data, malformed extensions and more. What is
// wrong is returned as reasons; then the event is not to be used. No input
// makes it panic.
func Decode(header map[string][]string, body []byte) (ev event.Event, reasons []shipment.Reason) {
	defer guard(&reasons)
	ev, err := decode(header, body)
	if err == nil {
		return ev, nil
	}
	var refused refusalError
	if errors.As(err, &refused) {
		return ev, []shipment.Reason{shipment.Reason(refused)}
	}
	return ev, []shipment.Reason{{Code: CodeUndecodable, Message: err.Error()}}
}

// guard is deferred by what reads input: a panic, be it of a library, is taken
// for a fault of the message, which is never worth another try.
func guard(reasons *[]shipment.Reason) {
	if r := recover(); r != nil {
		*reasons = []shipment.Reason{{Code: CodeUndecodable, Message: "a decoder gave up on this message"}}
	}
}

func decode(header map[string][]string, body []byte) (event.Event, error) {
	if len(body) > MaxMessageBytes {
		return event.Event{}, refuse(CodeTooLarge, "", "%d bytes: a message has at most %d", len(body), MaxMessageBytes)
	}
	headers, err := readHeaders(header)
	if err != nil {
		return event.Event{}, err
	}
	if len(headers.attributes) == 0 {
		return decodeStructured(headers, body)
	}
	if headers.structured {
		return event.Event{}, refuse(CodeBothContentModes, "", "the content type says structured mode, the ce- headers say binary mode: use one of them")
	}
	return decodeBinary(headers, body)
}

// messageHeaders are the headers that matter: the content type and, without
// their prefix, the ce- headers.
type messageHeaders struct {
	contentType string
	structured  bool // the content type is that of a single CloudEvent in JSON
	attributes  map[string]string
}

func readHeaders(header map[string][]string) (messageHeaders, error) {
	h := messageHeaders{attributes: map[string]string{}}
	seen := map[string]bool{}
	for key, values := range header {
		name := strings.ToLower(key)
		attribute, isAttribute := strings.CutPrefix(name, "ce-")
		if name != "content-type" && !isAttribute {
			continue
		}
		if seen[name] || len(values) != 1 {
			return h, refuse(CodeRepeatedHeader, name, "the header occurs more than once")
		}
		seen[name] = true
		if !isAttribute {
			h.contentType = values[0]
			continue
		}
		value, err := percentDecode(values[0])
		if err != nil {
			return h, refuse(CodeInvalidHeader, name, "the value is not percent-encoded UTF-8: %v", err)
		}
		h.attributes[attribute] = value
	}
	if h.contentType == "" {
		return h, nil
	}
	media, _, err := mime.ParseMediaType(h.contentType)
	switch {
	case err != nil:
		return h, refuse(CodeUnsupportedContentType, "content-type", "not a media type")
	case media == ContentType:
		h.structured = true
	case strings.HasPrefix(media, "application/cloudevents-batch"):
		return h, refuse(CodeBatch, "content-type", "batches are not taken: publish one event per message")
	case strings.HasPrefix(media, "application/cloudevents"):
		return h, refuse(CodeUnsupportedContentType, "content-type", "only the JSON event format is taken: use %s", ContentType)
	}
	return h, nil
}

// percentDecode undoes the encoding of header values that the HTTP and NATS
// bindings share: a value may be quoted, and is percent-encoded UTF-8.
func percentDecode(value string) (string, error) {
	if len(value) >= 2 && strings.HasPrefix(value, `"`) && strings.HasSuffix(value, `"`) {
		value = value[1 : len(value)-1]
	}
	decoded, err := url.PathUnescape(value)
	if err != nil {
		return "", err
	}
	if !utf8.ValidString(decoded) {
		return "", errors.New("not UTF-8")
	}
	return decoded, nil
}

func decodeBinary(h messageHeaders, body []byte) (event.Event, error) {
	ev, err := binaryAttributes(h)
	if err != nil {
		return ev, err
	}
	if len(body) == 0 {
		return ev, refuse(CodeMissingData, "data", "the message has no body")
	}
	if err := checkJSON(body); err != nil {
		return ev, err
	}
	ev.DataEncoded = body
	return ev, nil
}

// binaryAttributes makes an event of the headers alone.
func binaryAttributes(h messageHeaders) (event.Event, error) {
	contentType, inAttribute := h.attributes["datacontenttype"]
	switch {
	case inAttribute && h.contentType != "" && h.contentType != contentType:
		return event.Event{}, refuse(CodeBothContentModes, "datacontenttype", "differs from the Content-Type header")
	case !inAttribute && h.contentType != "":
		h.attributes["datacontenttype"] = h.contentType
	}
	b := newBuilder()
	for name, value := range h.attributes {
		b.attribute(name, value)
	}
	return b.build()
}

func decodeStructured(h messageHeaders, body []byte) (event.Event, error) {
	if h.contentType != "" && !h.structured {
		media, _, _ := mime.ParseMediaType(h.contentType)
		if media != "application/json" {
			return event.Event{}, refuse(CodeUnsupportedContentType, "content-type", "%q without ce- headers: use %s", media, ContentType)
		}
	}
	b := newBuilder()
	var data, encoded json.RawMessage
	err := scanJSON(body, func(name string, value json.RawMessage) {
		switch name {
		case "data":
			data = value
		case "data_base64":
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
		return event.Event{}, refuse(CodeBatch, "", "batches are not taken: publish one event per message")
	default:
		return event.Event{}, refuse(CodeNotAnObject, "", "a CloudEvent in structured mode is a JSON object")
	}
	if data != nil && encoded != nil {
		return event.Event{}, refuse(CodeBothDataMembers, "data", "both data and data_base64 are there: use one of them")
	}
	ev, err := b.build()
	if err != nil {
		return ev, err
	}
	switch {
	case encoded != nil:
		if data, err = base64Data(encoded); err != nil {
			return ev, err
		}
		if err := checkJSON(data); err != nil {
			return ev, err
		}
	case data == nil, string(data) == "null":
		return ev, refuse(CodeMissingData, "data", "the event has no data")
	}
	ev.DataEncoded = data
	return ev, nil
}

func base64Data(encoded json.RawMessage) ([]byte, error) {
	var text string
	if err := json.Unmarshal(encoded, &text); err != nil {
		return nil, refuse(CodeInvalidData, "data_base64", "not a string")
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, refuse(CodeInvalidData, "data_base64", "not base64 (RFC 4648): %v", err)
	}
	return data, nil
}

// checkJSON requires body to be exactly one JSON value: valid UTF-8 without a
// byte order mark, no member twice, nothing behind it, not too deep.
func checkJSON(body []byte) error {
	return scanJSON(body, func(string, json.RawMessage) {})
}

// scanJSON checks a body like [checkJSON], and calls member for every member of
// the object that it is, if it is one. The values are parts of body.
func scanJSON(body []byte, member func(name string, value json.RawMessage)) error {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return refuse(CodeEmptyMessage, "", "there is nothing in it")
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return refuse(CodeByteOrderMark, "", "it begins with a byte order mark: JSON must not (RFC 8259)")
	case !utf8.Valid(body):
		return refuse(CodeInvalidUTF8, "", "not UTF-8: JSON has to be (RFC 8259)")
	}
	var name string
	var start int64
	decoder := decoders.Get().(*jsontext.Decoder) // nothing else is in there
	defer decoders.Put(decoder)
	decoder.Reset(bytes.NewBuffer(body))
	for first := true; first || decoder.StackDepth() > 0; first = false {
		token, err := decoder.ReadToken()
		if err != nil {
			return jsonError(decoder, err)
		}
		if token.Kind() == '0' && !isSmallNumber(token.String()) {
			return refuse(CodeNumberTooLarge, string(decoder.StackPointer()), "a number with so many digits, or such an exponent, is not taken")
		}
		if decoder.StackDepth() > MaxDepth {
			return refuse(CodeTooDeep, "", "nested deeper than %d levels", MaxDepth)
		}
		if decoder.StackDepth() != 1 {
			continue
		}
		// In the outermost object names and values alternate.
		switch kind, read := decoder.StackIndex(1); {
		case kind != '{' || read == 0:
		case read%2 == 1:
			name, start = token.String(), decoder.InputOffset()
		default:
			member(name, bytes.TrimLeft(body[start:decoder.InputOffset()], " \t\r\n:"))
		}
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return refuse(CodeTrailingData, "", "something follows the JSON value at byte %d", decoder.InputOffset())
	}
	return nil
}

// decoders are kept: what a new one allocates costs as much as a message's scan.
var decoders = sync.Pool{New: func() any { return jsontext.NewDecoder(&bytes.Buffer{}) }}

// isSmallNumber reports whether a JSON number is one that is computed with: at
// most 20 digits before and after the point, and an exponent of two. A huge
// exponent in a few bytes would cost the validation minutes.
func isSmallNumber(number string) bool {
	number = strings.TrimPrefix(number, "-")
	mantissa, exponent := number, ""
	if e := strings.IndexAny(number, "eE"); e >= 0 {
		mantissa, exponent = number[:e], strings.TrimLeft(number[e+1:], "+-")
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	return len(whole) <= 20 && len(fraction) <= 20 && len(exponent) <= 2
}

func jsonError(decoder *jsontext.Decoder, err error) error {
	at := string(decoder.StackPointer())
	if len(at) > MaxAttributeLength {
		at = ""
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return refuse(CodeDuplicateMember, at, "a member occurs twice in one object")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return refuse(CodeInvalidJSON, at, "the JSON ends in the middle, at byte %d", decoder.InputOffset())
	default:
		return refuse(CodeInvalidJSON, at, "not JSON, near byte %d", decoder.InputOffset())
	}
}

// validText reports whether s is a CloudEvents String: no control characters
// and no noncharacters (spec section 2.4, Type System).
func validText(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) || r&0xFFFE == 0xFFFE || (r >= 0xFDD0 && r <= 0xFDEF) {
			return false
		}
	}
	return utf8.ValidString(s)
}

func clipName(name string) string {
	const most = 40
	if len(name) > most {
		name = name[:most]
	}
	return strings.ToValidUTF8(name, "")
}
