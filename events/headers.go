package events

import (
	"strings"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/event"

	"shipments/shipment/text"
)

// messageHeaders are the headers that matter: the content type and, without
// their prefix, the ce- headers.
type messageHeaders struct {
	contentType string
	media       string // the media type of the content type
	structured  bool   // the content type is that of a single CloudEvent in JSON
	attributes  map[string]string
}

func readHeaders(header map[string][]string) (h messageHeaders, err error) {
	hasContentType := false
	for key, values := range header {
		name := strings.ToLower(key)
		attribute, isAttribute := strings.CutPrefix(name, "ce-")
		if name != "content-type" && !isAttribute {
			continue
		}
		repeated := hasContentType
		if isAttribute {
			_, repeated = h.attributes[attribute]
		}
		if repeated || len(values) != 1 {
			return h, invalid(CodeRepeatedHeader, name, "the header occurs more than once")
		}
		if !isAttribute {
			h.contentType, hasContentType = strings.Trim(values[0], " \t"), true
			continue
		}
		value, ok := headerValue(attribute, values[0])
		if !ok {
			return h, invalid(CodeInvalidHeader, name, "the value is not UTF-8 once its percent-encoding is undone: encode the bytes of UTF-8, and a %% as %%25")
		}
		if h.attributes == nil {
			h.attributes = make(map[string]string, len(header)+1)
		}
		h.attributes[attribute] = value
	}
	return h, h.readContentType()
}

func (h *messageHeaders) readContentType() error {
	if h.contentType == "" {
		return nil
	}
	media, err := readMediaType(h.contentType)
	switch {
	case strings.HasPrefix(media, "application/cloudevents-batch"):
		return invalid(CodeBatch, "content-type", "batches are not supported: publish one event per message")
	case err != nil:
		return invalid(CodeUnsupportedContentType, "content-type", "%v", err)
	case media == ContentType:
		h.structured = true
	case strings.HasPrefix(media, "application/cloudevents"):
		return invalid(CodeUnsupportedContentType, "content-type", "only the JSON event format is supported: use %s", ContentType)
	}
	h.media = media
	return nil
}

// headerValue reads the value of a ce- header as the HTTP and NATS bindings write
// it: it may be a quoted string, and is percent-encoded UTF-8. It is not ok if the
// result is not UTF-8.
//
// SDKs send values as they are, without the encoding that the bindings demand. A
// "%" that begins no escape therefore stands for itself. So does an escape in a
// URI that is part of the URI: that is so if the URI would be none without it.
func headerValue(attribute, value string) (decoded string, ok bool) {
	value = unquote(strings.Trim(value, " \t"))
	decoded = percentDecode(value)
	isURI := attribute == "source" || attribute == "dataschema"
	if isURI && !consistsOf(decoded, uriCharacters) && consistsOf(value, uriCharacters) {
		return value, true
	}
	return decoded, utf8.ValidString(decoded)
}

// unquote takes the quotes and the escapes from a quoted string (RFC 9110, section
// 5.6.4). Any other value is left alone.
func unquote(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	inner := value[1 : len(value)-1]
	if strings.IndexByte(inner, '"') < 0 && strings.IndexByte(inner, '\\') < 0 {
		return inner
	}
	unescaped := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); i++ {
		switch inner[i] {
		case '"':
			return value // The quoted string ends in the middle.
		case '\\':
			if i++; i == len(inner) {
				return value // The last quote is escaped.
			}
		}
		unescaped = append(unescaped, inner[i])
	}
	return string(unescaped)
}

// percentDecode replaces each escape, which is "%" and two hexadecimal digits, by
// its byte.
func percentDecode(value string) string {
	if strings.IndexByte(value, '%') < 0 {
		return value
	}
	decoded := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if value[i] == '%' && i+2 < len(value) {
			high, isHigh := hexDigit(value[i+1])
			if low, isLow := hexDigit(value[i+2]); isHigh && isLow {
				decoded = append(decoded, high<<4|low)
				i += 2
				continue
			}
		}
		decoded = append(decoded, value[i])
	}
	return string(decoded)
}

func hexDigit(c byte) (value byte, ok bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// binaryAttributes makes an event of the headers alone.
func binaryAttributes(h messageHeaders) (event.Event, error) {
	contentType, inAttribute := h.attributes["datacontenttype"]
	switch {
	case inAttribute && h.contentType != "" && !h.isMedia(contentType):
		return event.Event{}, invalid(CodeBothContentModes, "datacontenttype", "%q differs from the Content-Type header, which says %q: leave one of them out",
			text.Clip(contentType, maxNameLength), text.Clip(h.contentType, maxNameLength))
	case !inAttribute && h.contentType != "":
		h.attributes["datacontenttype"] = h.contentType
	}
	b := newBuilder()
	for name, value := range h.attributes {
		b.text(name, value)
	}
	return b.build()
}

// isMedia reports whether a content type is of the media type that the
// Content-Type header has, whatever their parameters.
func (h *messageHeaders) isMedia(contentType string) bool {
	media, err := readMediaType(contentType)
	return contentType == h.contentType || (err == nil && media == h.media)
}
