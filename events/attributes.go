package events

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	"github.com/go-json-experiment/json/jsontext"

	"shipments/shipment/text"
)

// MaxAttributeLength bounds the value of a context attribute, in bytes.
const MaxAttributeLength = 1024

// builder makes an event of attributes that come in any order. Of several
// problems it keeps the one whose attribute is first by name, so that the same
// message always has the same reason.
type builder struct {
	attributes event.EventContextV1
	set        []string // the names of the attributes that are there
	problem    error
	at         string
}

func newBuilder() *builder { return &builder{set: make([]string, 0, 12)} }

func (b *builder) fail(code, name, format string, args ...any) {
	if b.problem == nil || name < b.at {
		b.problem, b.at = invalid(code, name, format, args...), name
	}
}

// required are the attributes that CloudEvents 1.0 demands.
var required = []string{"specversion", "id", "source", "type"}

func (b *builder) build() (event.Event, error) {
	ev := event.Event{Context: &b.attributes}
	// Another version may name its attributes otherwise, so its reason comes first.
	if !slices.Contains(b.set, "specversion") {
		return ev, invalid(CodeMissingAttribute, "specversion", "the attribute is missing: this is no CloudEvent 1.0")
	}
	if b.problem != nil {
		return ev, b.problem
	}
	for _, name := range required {
		if !slices.Contains(b.set, name) {
			return ev, invalid(CodeMissingAttribute, name, "the attribute is missing")
		}
	}
	return ev, nil
}

const (
	digits       = "0123456789"
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	// uriCharacters are those of RFC 3986: a source is a URI reference, not free text.
	uriCharacters = upperLetters + lowerLetters + digits + "-._~:/?#[]@!$&'()*+,;=%"
)

// consistsOf reports whether s has no other characters than these.
func consistsOf(s, characters string) bool { return strings.Trim(s, characters) == "" }

// maxNameLength bounds the name of an attribute; CloudEvents recommends 20.
const maxNameLength = 40

func isAttributeName(name string) bool {
	return len(name) >= 1 && len(name) <= maxNameLength && consistsOf(name, lowerLetters+digits)
}

// member sets one context attribute or extension from its JSON: a string, a
// boolean or an integer.
func (b *builder) member(name string, raw json.RawMessage) {
	switch raw[0] {
	case '"':
		unquoted, err := jsontext.AppendUnquote(make([]byte, 0, 128), raw)
		if err != nil {
			b.fail(CodeInvalidAttribute, text.Clip(name, maxNameLength), "%v", err)
		}
		b.text(name, string(unquoted))
	case 't', 'f':
		b.other(name, raw[0] == 't')
	case '{', '[':
		b.set = append(b.set, name)
		b.fail(CodeInvalidAttribute, text.Clip(name, maxNameLength), "an object or array: CloudEvents has no such attribute type")
	default:
		n, err := strconv.ParseInt(string(raw), 10, 32)
		if err != nil {
			b.set = append(b.set, name)
			b.fail(CodeInvalidAttribute, text.Clip(name, maxNameLength), "a number that is no 32-bit integer: CloudEvents has no such attribute type")
			return
		}
		b.other(name, int32(n))
	}
}

// coreAttributes set the context attributes of CloudEvents 1.0.
var coreAttributes = map[string]func(b *builder, name, value string){
	"specversion":     (*builder).specVersion,
	"id":              (*builder).id,
	"source":          (*builder).source,
	"type":            (*builder).eventType,
	"subject":         (*builder).subject,
	"time":            (*builder).time,
	"dataschema":      (*builder).dataSchema,
	"datacontenttype": (*builder).dataContentType,
}

// text sets an attribute to a string.
func (b *builder) text(name, value string) {
	b.set = append(b.set, name)
	setCore, isCore := coreAttributes[name]
	switch {
	case !isCore && !b.isExtension(name):
	case len(value) > MaxAttributeLength:
		b.fail(CodeInvalidAttribute, name, "%d bytes: a value has at most %d", len(value), MaxAttributeLength)
	case !validText(value):
		b.fail(CodeInvalidAttribute, name, "control characters are not allowed in attributes")
	case !isCore:
		b.extension(name, value)
	case value == "":
		b.fail(CodeInvalidAttribute, name, "the value is empty")
	default:
		setCore(b, name, value)
	}
}

// other sets an extension to a bool or an int32.
func (b *builder) other(name string, value any) {
	b.set = append(b.set, name)
	if _, isCore := coreAttributes[name]; isCore {
		b.fail(CodeInvalidAttribute, name, "the value has to be a string")
	} else if b.isExtension(name) {
		b.extension(name, value)
	}
}

// isExtension reports whether name can be that of an extension.
func (b *builder) isExtension(name string) bool {
	switch {
	case name == "data":
		b.fail(CodeInvalidExtension, name, "data is not an attribute")
		return false
	case !isAttributeName(name):
		b.fail(CodeInvalidExtension, text.Clip(name, maxNameLength), "attribute names have 1 to %d lower-case letters and digits", maxNameLength)
		return false
	}
	return true
}

func (b *builder) extension(name string, value any) {
	if b.attributes.Extensions == nil {
		b.attributes.Extensions = map[string]any{}
	}
	b.attributes.Extensions[name] = value
}

func (b *builder) specVersion(name, value string) {
	if value != event.CloudEventsVersionV1 {
		b.problem, b.at = invalid(CodeUnsupportedSpecVersion, name, "%q is not supported: use \"1.0\"", value), ""
	}
}

func (b *builder) id(name, value string) {
	if b.attributes.ID = strings.TrimSpace(value); b.attributes.ID == "" {
		b.fail(CodeInvalidAttribute, name, "the value is empty")
	}
}

func (b *builder) eventType(name, value string) {
	if b.attributes.Type = strings.TrimSpace(value); b.attributes.Type == "" {
		b.fail(CodeInvalidAttribute, name, "the value is empty")
	}
}

func (b *builder) subject(_, value string) {
	if value = strings.TrimSpace(value); value != "" {
		b.attributes.Subject = &value
	}
}

func (b *builder) source(name, value string) {
	u, err := url.Parse(value)
	if err != nil || !consistsOf(value, uriCharacters) {
		b.fail(CodeInvalidAttribute, name, "not a URI reference (RFC 3986)")
		return
	}
	b.attributes.Source = types.URIRef{URL: *u}
}

func (b *builder) dataSchema(name, value string) {
	u, err := url.Parse(value)
	if err != nil || !u.IsAbs() || !consistsOf(value, uriCharacters) {
		b.fail(CodeInvalidAttribute, name, "not an absolute URI (RFC 3986)")
		return
	}
	b.attributes.DataSchema = &types.URI{URL: *u}
}

func (b *builder) dataContentType(name, value string) {
	if value = strings.TrimSpace(value); value == "" {
		return
	}
	if media, err := readMediaType(value); err != nil && media == "" {
		b.fail(CodeInvalidAttribute, name, "%v", err)
		return
	}
	b.attributes.DataContentType = &value
}

func (b *builder) time(name, value string) {
	t, ok := parseTime(value)
	if !ok {
		b.fail(CodeInvalidAttribute, name, "not a timestamp: use one such as 2026-11-24T09:30:00Z (RFC 3339)")
		return
	}
	if !t.IsZero() {
		b.attributes.Time = &types.Timestamp{Time: t}
	}
}

// timestamp is RFC 3339. time.Parse is too lenient in some ways and too strict in
// others.
var timestamp = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// parseTime reads a timestamp (RFC 3339), to the nanosecond. A leap second, which
// package time does not have, is the second after it.
func parseTime(value string) (time.Time, bool) {
	if !timestamp.MatchString(value) {
		return time.Time{}, false
	}
	value = strings.ToUpper(value)
	const second = len("2026-11-24T09:30:")
	leap := value[second:second+2] == "60"
	if leap {
		value = value[:second] + "59" + value[second+2:]
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return time.Time{}, false
	}
	if leap {
		// They are inserted at the end of a month, in UTC.
		t = t.Add(time.Second)
		if u := t.UTC(); u.Day() != 1 || u.Hour() != 0 || u.Minute() != 0 {
			return time.Time{}, false
		}
	}
	// In UTC the year may leave what RFC 3339 can write.
	year := t.UTC().Year()
	return t, year >= 1 && year <= 9999
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
