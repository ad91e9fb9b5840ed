package events

import (
	"regexp"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"
	"go.opentelemetry.io/otel/trace"
)

var traceParent = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// maxTraceState bounds a tracestate, in bytes: W3C Trace Context has vendors pass on
// at least as much.
const maxTraceState = 512

// TraceContext returns a traceparent and its tracestate if W3C Trace Context allows
// them. A malformed traceparent is ignored, and its tracestate with it; a malformed
// tracestate is ignored alone. Neither is ever a reason to reject an event.
func TraceContext(parent, state string) (validParent, validState string) {
	const zeroTrace, zeroSpan = "-00000000000000000000000000000000-", "-0000000000000000-"
	if !traceParent.MatchString(parent) || strings.Contains(parent, zeroTrace) || strings.Contains(parent, zeroSpan) {
		return "", ""
	}
	if len(state) > maxTraceState {
		return parent, ""
	}
	if _, err := trace.ParseTraceState(state); err != nil {
		return parent, ""
	}
	return parent, state
}

// EventTraceContext is [TraceContext] of an event's extensions.
func EventTraceContext(ev event.Event) (parent, state string) {
	extensions := ev.Extensions()
	return TraceContext(extensionText(extensions["traceparent"]), extensionText(extensions["tracestate"]))
}

// HeaderTraceContext is [TraceContext] of a message's headers, whatever the case of
// their names.
func HeaderTraceContext(header map[string][]string) (parent, state string) {
	for key, values := range header {
		switch {
		case len(values) != 1:
		case strings.EqualFold(key, "traceparent"):
			parent = values[0]
		case strings.EqualFold(key, "tracestate"):
			state = values[0]
		}
	}
	return TraceContext(parent, state)
}
