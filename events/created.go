package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"shipments/shipment"
	"shipments/shipment/text"
)

// ShipmentCreated is a decoded and valid shipments.created event. Its JSON is
// that of the CloudEvent, reduced to what the process needs; the signal
// "created" carries it.
type ShipmentCreated struct {
	SpecVersion   string            `json:"specversion"`
	Type          string            `json:"type"`
	ID            string            `json:"id"`
	Source        string            `json:"source"`
	Time          *time.Time        `json:"time,omitempty"`
	CorrelationID string            `json:"correlationid,omitempty"`
	TraceParent   string            `json:"traceparent,omitempty"`
	TraceState    string            `json:"tracestate,omitempty"`
	Data          shipment.Shipment `json:"data"`
}

// EventRef is the identity of an event: CloudEvents makes source and id unique
// together.
type EventRef struct {
	ID     string `json:"id"`
	Source string `json:"source"`
}

// Ref returns the event's identity.
func (c ShipmentCreated) Ref() EventRef { return EventRef{ID: c.ID, Source: c.Source} }

// ParseCreated reads a shipments.created event that [Decode] made of a message
// on a subject (empty for none), and validates all that needs no other shipment:
// its type, its data's schema, the domain's rules, and that the subject's token,
// if there is one, is the shipment's id. The result's text is normalised (see
// [shipment.Shipment.Normalise]), and the schema and the rules apply to that.
//
// With reasons, the event has to be rejected. The result then still has a valid
// shipment id if one could be read, for the rejection's subject.
//
// No input makes it panic.
func ParseCreated(ev event.Event, subject string, rules shipment.Rules) (created ShipmentCreated, reasons []shipment.Reason) {
	defer guard(&reasons)
	if ev.Type() != TypeCreated {
		return created, []shipment.Reason{{Code: CodeUnknownType, Path: "type", Message: "not a type that is processed here: shipments come as " + TypeCreated}}
	}
	if reasons := requireJSON(ev); len(reasons) > 0 {
		return created, reasons
	}
	created = fromEvent(ev)
	created.Data, reasons = parseShipment(ev.Data(), rules)
	return created, append(reasons, subjectMismatch(subject, TypeCreated, created.Data.ShipmentID)...)
}

// parseShipment reads the data of a shipments.created event. Its text is normalised
// before anything else. With reasons, the shipment has an id if data has a valid one.
func parseShipment(data []byte, rules shipment.Rules) (shipment.Shipment, []shipment.Reason) {
	if s, valid := shortCut(data, rules); valid {
		return s, nil
	}
	var s shipment.Shipment
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return s, []shipment.Reason{{Code: CodeInvalidData, Path: "data", Message: err.Error()}}
	}
	instance = normaliseShipment(instance)
	if reasons := validate(TypeCreated, instance); len(reasons) > 0 {
		s.ShipmentID = readShipmentID(data)
		return s, reasons
	}
	// Data that follows the schema fits the Go type.
	if s, err = fromInstance(instance); err != nil {
		return s, []shipment.Reason{{Code: CodeInvalidData, Path: "data", Message: err.Error()}}
	}
	return s, rules.Validate(s)
}

// fromInstance makes a normalised shipment of data that follows its schema.
func fromInstance(instance any) (s shipment.Shipment, err error) {
	data, err := json.Marshal(plain(instance))
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	s.Normalise()
	return s, err
}

func fromEvent(ev event.Event) ShipmentCreated {
	created := ShipmentCreated{SpecVersion: ev.SpecVersion(), Type: ev.Type(), ID: ev.ID(), Source: ev.Source()}
	if at := ev.Time(); !at.IsZero() { // The zero time stands for none.
		at = at.UTC()
		created.Time = &at
	}
	extensions := ev.Extensions()
	created.CorrelationID = extensionText(extensions["correlationid"])
	created.TraceParent, created.TraceState = EventTraceContext(ev)
	return created
}

// extensionText is the text of an extension's value; empty if there is none.
func extensionText(value any) string {
	if value == nil {
		return ""
	}
	formatted, err := types.Format(value)
	if err != nil {
		return ""
	}
	return formatted
}

// ContentShipmentID returns the shipment id that the content of an input has, in
// structured or in binary mode, or nothing if there is no valid one. The rest of it
// may be malformed.
func ContentShipmentID(content []byte) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(content, &members) != nil {
		return ""
	}
	if data, structured := members["data"]; structured {
		return readShipmentID(data)
	}
	return readShipmentID(content)
}

// readShipmentID returns the shipment id of data that may be malformed
// otherwise, or nothing if there is no valid one.
func readShipmentID(data []byte) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return ""
	}
	var id string
	if json.Unmarshal(members["shipmentId"], &id) != nil || !shipment.ValidID(id) {
		return ""
	}
	return id
}

// requireJSON is the reason to reject an event whose data is said to be anything
// but JSON in UTF-8. A missing datacontenttype means JSON.
func requireJSON(ev event.Event) []shipment.Reason {
	contentType := ev.DataContentType()
	if contentType == "" || contentType == event.ApplicationJSON {
		return nil
	}
	media, err := readMediaType(contentType)
	if err == nil && !IsJSON(media) {
		err = fmt.Errorf("%q is not JSON: use application/json", text.Clip(media, maxNameLength))
	}
	if err != nil {
		return []shipment.Reason{{Code: CodeUnsupportedDataContentType, Path: "datacontenttype", Message: err.Error()}}
	}
	return nil
}

// NewCreated makes a shipments.created event for a shipment, as the HTTP API
// and the command line publish it.
func NewCreated(id, source string, at time.Time, s shipment.Shipment) (event.Event, error) {
	ev := event.New(event.CloudEventsVersionV1)
	ev.SetID(id)
	ev.SetType(TypeCreated)
	ev.SetSource(source)
	ev.SetSubject(s.ShipmentID)
	ev.SetTime(at.UTC())
	err := ev.SetData(event.ApplicationJSON, s)
	return ev, err
}

// DataHeader returns the headers with which a body that is a shipment alone is
// a shipments.created event in binary mode; see [Decode].
func DataHeader(id, source string, at time.Time) map[string][]string {
	return map[string][]string{
		"content-type":   {event.ApplicationJSON},
		"ce-specversion": {event.CloudEventsVersionV1},
		"ce-id":          {id},
		"ce-source":      {source},
		"ce-type":        {TypeCreated},
		"ce-time":        {at.UTC().Format(time.RFC3339Nano)},
	}
}
