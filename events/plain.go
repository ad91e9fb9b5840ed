package events

import (
	"errors"
	"net/url"

	"github.com/cloudevents/sdk-go/v2/event"
	jsonv2 "github.com/go-json-experiment/json"

	"shipments/shipment"
)

// PlainCreated reads a message that is, beyond doubt, an acceptable
// shipments.created event: what [Decode] and [ParseCreated] make of it, in less
// time, for most messages are. Whatever is unusual or wrong it leaves to them
// and answers false. No input makes it panic.
func PlainCreated(header map[string][]string, body []byte, subject string, rules shipment.Rules) (created ShipmentCreated, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	headers, err := readHeaders(header)
	if err != nil || len(body) > MaxMessageBytes {
		return created, false
	}
	if len(headers.attributes) > 0 {
		created, ok = plainBinary(headers, body, rules)
	} else {
		created, ok = plainStructured(headers, body, rules)
	}
	return created, ok && len(subjectMismatch(subject, TypeCreated, created.Data.ShipmentID)) == 0
}

func plainBinary(h messageHeaders, body []byte, rules shipment.Rules) (created ShipmentCreated, ok bool) {
	if h.structured {
		return created, false
	}
	ev, err := binaryAttributes(h)
	if err != nil || ev.Type() != TypeCreated || !isJSON(ev.DataContentType()) {
		return created, false
	}
	created = fromEvent(ev)
	created.Data, ok = plainShipment(body, rules)
	return created, ok
}

// plainEvent is a shipments.created event in structured mode with the
// attributes that most publishers set.
type plainEvent struct {
	SpecVersion     plainAttribute    `json:"specversion"`
	ID              plainAttribute    `json:"id"`
	Source          plainAttribute    `json:"source"`
	Type            plainAttribute    `json:"type"`
	Subject         plainAttribute    `json:"subject"`
	Time            plainAttribute    `json:"time"`
	DataContentType plainAttribute    `json:"datacontenttype"`
	CorrelationID   plainAttribute    `json:"correlationid"`
	TraceParent     plainAttribute    `json:"traceparent"`
	TraceState      plainAttribute    `json:"tracestate"`
	Data            shipment.Shipment `json:"data"`
}

// plainAttribute is an attribute whose value is a fitting string.
type plainAttribute string

var errUnusual = errors.New("an unusual attribute")

// UnmarshalText takes what [Decode] takes as an attribute.
func (a *plainAttribute) UnmarshalText(text []byte) error {
	if *a = plainAttribute(text); len(text) == 0 || len(text) > MaxAttributeLength || !validText(string(*a)) {
		return errUnusual
	}
	return nil
}

func plainStructured(h messageHeaders, body []byte, rules shipment.Rules) (created ShipmentCreated, ok bool) {
	var ev plainEvent
	ev.Data.Legs = make([]shipment.Leg, 0, shipment.MaxLegs)
	if h.contentType != "" && !h.structured || mayHaveNull(body) || jsonv2.Unmarshal(body, &ev, jsonv2.RejectUnknownMembers(true)) != nil {
		return created, false
	}
	if ev.SpecVersion != event.CloudEventsVersionV1 || ev.Type != TypeCreated || ev.ID == "" || !isJSON(string(ev.DataContentType)) {
		return created, false
	}
	source := string(ev.Source)
	if _, err := url.Parse(source); err != nil || source == "" || !consistsOf(source, uriCharacters) {
		return created, false
	}
	created = ShipmentCreated{SpecVersion: string(ev.SpecVersion), Type: string(ev.Type), ID: string(ev.ID), Source: source, Data: ev.Data}
	if ev.Time != "" {
		t, valid := parseTime(string(ev.Time))
		if !valid {
			return created, false
		}
		created.setTime(t)
	}
	created.CorrelationID = string(ev.CorrelationID)
	created.setTrace(string(ev.TraceParent), string(ev.TraceState))
	return created, isPlain(created.Data, rules)
}
