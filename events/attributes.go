package events

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/go-json-experiment/json/jsontext"
)

// builder puts an event together from attributes that arrive in any order. It
// keeps the first problem by the attribute's name, so that the same message is
// always refused for the same reason.
type builder struct {
	ev      event.Event
	seen    map[string]bool
	problem error
	at      string
}

func newBuilder() *builder {
	return &builder{ev: event.New(event.CloudEventsVersionV1), seen: map[string]bool{}}
}

func (b *builder) fail(err error) {
	var r refusalError
	at := ""
	if errors.As(err, &r) {
		at = r.Path
	}
	if b.problem == nil || at < b.at {
		b.problem, b.at = err, at
	}
}

// required are the attributes that CloudEvents 1.0 demands.
var required = []string{"specversion", "id", "source", "type"}

func (b *builder) build() (event.Event, error) {
	// Another version may name its attributes otherwise: say so first.
	if !b.seen["specversion"] {
		return b.ev, refuse(CodeMissingAttribute, "specversion", "the attribute is missing: this is no CloudEvent 1.0")
	}
	if b.problem != nil {
		return b.ev, b.problem
	}
	for _, name := range required {
		if !b.seen[name] {
			return b.ev, refuse(CodeMissingAttribute, name, "the attribute is missing")
		}
	}
	if err := b.ev.Validate(); err != nil {
		return b.ev, refuse(CodeInvalidAttribute, "", "%v", err)
	}
	return b.ev, nil
}

const (
	digits       = "0123456789"
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	// uriCharacters are those of RFC 3986: a source is a URI reference, not free text.
	uriCharacters = upperLetters + lowerLetters + digits + "-._~:/?#[]@!$&'()*+,;=%"
)

// consistsOf reports whether text has no other characters than these.
func consistsOf(text, characters string) bool { return strings.Trim(text, characters) == "" }

func isAttributeName(name string) bool {
	return len(name) >= 1 && len(name) <= 40 && consistsOf(name, lowerLetters+digits)
}

// member sets one context attribute or extension from its JSON.
func (b *builder) member(name string, raw json.RawMessage) {
	value, err := attributeValue(name, raw)
	switch {
	case err != nil:
		b.seen[name] = true
		b.fail(err)
	case value != nil:
		b.attribute(name, value)
	}
}

// attributeValue reads an attribute in the JSON event format: a string, a
// boolean or an integer; null is the same as absent.
func attributeValue(name string, raw json.RawMessage) (any, error) {
	switch raw[0] {
	case '"':
		text, err := jsontext.AppendUnquote(make([]byte, 0, 128), raw)
		if err != nil {
			return nil, refuse(CodeInvalidAttribute, clipName(name), "%v", err)
		}
		return string(text), nil
	case 't', 'f':
		return raw[0] == 't', nil
	case 'n':
		return nil, nil //nolint:nilnil // absent
	case '{', '[':
		return nil, refuse(CodeInvalidAttribute, clipName(name), "an object or array: CloudEvents has no such attribute type")
	default:
		n, err := strconv.ParseInt(string(raw), 10, 32)
		if err != nil {
			return nil, refuse(CodeInvalidAttribute, clipName(name), "a number that is no 32-bit integer: CloudEvents has no such attribute type")
		}
		return int32(n), nil
	}
}

// attribute sets one context attribute or extension, whose value is a string,
// a bool or an int32.
func (b *builder) attribute(name string, value any) {
	b.seen[name] = true
	isCore := slices.Contains(coreAttributes, name)
	text, isText := value.(string)
	switch {
	case name == "data":
		b.fail(refuse(CodeInvalidExtension, name, "data is not an attribute"))
	case !isCore && !isAttributeName(name):
		b.fail(refuse(CodeInvalidExtension, clipName(name), "attribute names have 1 to 40 lower-case letters and digits"))
	case isText && len(text) > MaxAttributeLength:
		b.fail(refuse(CodeInvalidAttribute, name, "%d bytes: a value has at most %d", len(text), MaxAttributeLength))
	case isText && !validText(text):
		b.fail(refuse(CodeInvalidAttribute, name, "control characters are not allowed in attributes"))
	case isCore:
		if !isText {
			b.fail(refuse(CodeInvalidAttribute, name, "the value has to be a string"))
			return
		}
		b.core(name, text)
	default:
		b.ev.SetExtension(name, value)
	}
}

var coreAttributes = []string{"specversion", "id", "source", "type", "subject", "time", "dataschema", "datacontenttype"}

func (b *builder) core(name, value string) {
	if value == "" {
		b.fail(refuse(CodeInvalidAttribute, name, "the value is empty"))
		return
	}
	switch name {
	case "specversion":
		if value != event.CloudEventsVersionV1 {
			b.problem, b.at = refuse(CodeUnsupportedSpecVersion, name, "%q is not supported: use \"1.0\"", value), ""
		}
	case "id":
		b.ev.SetID(value)
	case "type":
		b.ev.SetType(value)
	case "subject":
		b.ev.SetSubject(value)
	case "datacontenttype":
		b.ev.SetDataContentType(value)
	case "source":
		if _, err := url.Parse(value); err != nil || !consistsOf(value, uriCharacters) {
			b.fail(refuse(CodeInvalidAttribute, name, "not a URI reference (RFC 3986)"))
			return
		}
		b.ev.SetSource(value)
	case "dataschema":
		if u, err := url.Parse(value); err != nil || !u.IsAbs() || !consistsOf(value, uriCharacters) {
			b.fail(refuse(CodeInvalidAttribute, name, "not an absolute URI (RFC 3986)"))
			return
		}
		b.ev.SetDataSchema(value)
	case "time":
		b.time(value)
	}
}

// timestamp is RFC 3339, which time.Parse reads too leniently.
var timestamp = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func (b *builder) time(value string) {
	t, valid := parseTime(value)
	if !valid {
		b.fail(refuse(CodeInvalidAttribute, "time", "not a timestamp: use one such as 2026-11-24T09:30:00Z (RFC 3339)"))
		return
	}
	b.ev.SetTime(t)
}

// parseTime reads an RFC 3339 timestamp.
func parseTime(value string) (t time.Time, valid bool) {
	t, err := time.Parse(time.RFC3339Nano, value)
	// In UTC the year may leave what RFC 3339 can write.
	year := t.UTC().Year()
	return t, err == nil && timestamp.MatchString(value) && year >= 1 && year <= 9999
}
