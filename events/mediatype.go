package events

import (
	"errors"
	"fmt"
	"mime"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"

	"shipments/shipment/text"
)

// IsJSON reports whether a media type (such as "application/json", in lower case
// and without parameters) is that of JSON: its subtype is "json" or ends in
// "+json" (RFC 6839).
func IsJSON(media string) bool {
	_, subtype, found := strings.Cut(media, "/")
	return found && (subtype == "json" || strings.HasSuffix(subtype, "+json"))
}

// readMediaType takes a content type apart: its media type in lower case, and its
// parameters, which may say no other charset than UTF-8 or its subset US-ASCII.
// The error is a sentence for the publisher.
func readMediaType(contentType string) (media string, err error) {
	if contentType == event.ApplicationJSON || contentType == ContentType {
		return contentType, nil
	}
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || !strings.Contains(media, "/") {
		return "", errors.New("not a media type (RFC 9110)")
	}
	switch charset := strings.ToLower(parameters["charset"]); charset {
	case "", "utf-8", "utf8", "us-ascii":
		return media, nil
	default:
		return media, fmt.Errorf("the charset %q is not supported: JSON is UTF-8 (RFC 8259)", text.Clip(charset, maxNameLength))
	}
}
