package events

import (
	"bytes"
	"encoding/json"
	"mime"
	"regexp"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	jsonv2 "github.com/go-json-experiment/json"

	"shipments/shipment"
)

// ShipmentCreated is a decoded and accepted shipments.created event. Its JSON
// is that of the CloudEvent, reduced to what the process needs; it is what the
// signal "created" carries.
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

// EventRef identifies the event that a process was started by, or a request
// came with.
type EventRef struct {
	ID     string `json:"id"`
	Source string `json:"source"`
}

// Ref returns the event's identity: CloudEvents makes source and id unique
// together.
func (c ShipmentCreated) Ref() EventRef { return EventRef{ID: c.ID, Source: c.Source} }

// ParseCreated reads a shipments.created event that was decoded from a message on
// the given subject, and applies everything that can be said of it without
// knowing other shipments: its type, its data's schema, the domain's rules,
// and that the subject's token, if there is one, is the shipment's id.
//
// With reasons, the event is not acceptable. The result then still has a valid
// shipment id if one could be read, for the rejection's subject.
//
// No input makes it panic.
func ParseCreated(ev event.Event, subject string, rules shipment.Rules) (created ShipmentCreated, reasons []shipment.Reason) {
	defer guard(&reasons)
	if ev.Type() != TypeCreated {
		return created, []shipment.Reason{{Code: CodeUnknownType, Path: "type", Message: "not a type that is taken here: shipments come as " + TypeCreated}}
	}
	if !isJSON(ev.DataContentType()) {
		return created, []shipment.Reason{{Code: CodeUnsupportedDataContentType, Path: "datacontenttype", Message: "use application/json"}}
	}
	created = fromEvent(ev)
	if s, ok := plainShipment(ev.Data(), rules); ok {
		created.Data = s
		return created, subjectMismatch(subject, TypeCreated, s.ShipmentID)
	}
	reasons = ValidateData(TypeCreated, ev.Data())
	if len(reasons) == 0 {
		// What follows the schema fits the type; more than that the schema forbids.
		if err := unmarshal(ev.Data(), &created.Data); err != nil {
			reasons = []shipment.Reason{{Code: CodeInvalidData, Path: "data", Message: err.Error()}}
		} else {
			reasons = rules.Validate(created.Data)
		}
	} else {
		created.Data.ShipmentID = readShipmentID(ev.Data())
	}
	return created, append(reasons, subjectMismatch(subject, TypeCreated, created.Data.ShipmentID)...)
}

// plainShipment reads data that is a valid shipment beyond doubt, in a small part
// of the time that the schema takes. What it accepts, the schema and the rules
// accept as well; what is unusual or wrong it leaves to them, who know the reasons.
func plainShipment(data []byte, rules shipment.Rules) (s shipment.Shipment, ok bool) {
	s.Legs = make([]shipment.Leg, 0, shipment.MaxLegs)
	if mayHaveNull(data) || jsonv2.Unmarshal(data, &s, jsonv2.RejectUnknownMembers(true)) != nil {
		return s, false
	}
	return s, isPlain(s, rules)
}

// mayHaveNull reports whether JSON may say null somewhere, which is not the
// same as saying nothing.
func mayHaveNull(data []byte) bool { return bytes.Contains(data, []byte("null")) }

// isPlain reports whether a shipment follows schema and rules.
func isPlain(s shipment.Shipment, rules shipment.Rules) bool {
	return followsSchema(s) && len(rules.Validate(s)) == 0
}

// followsSchema checks what shipments.created.json demands of a shipment beyond
// the domain's rules.
func followsSchema(s shipment.Shipment) bool {
	const line, code, zone = 200, 20, 64
	ok := len(s.TimeZone) <= zone
	for _, leg := range s.Legs {
		for _, a := range []*shipment.Address{&leg.Sender, &leg.Receiver, &leg.Collection} {
			ok = ok && isLine(a.Name, line) && isLine(a.Line1, line) && isLine(a.Line2, line) && isLine(a.City, line) && isLine(a.PostalCode, code)
		}
	}
	for i := range s.Goods {
		ok = ok && isLine(s.Goods[i].Description, line) && isHSCode(s.Goods[i].HSCode)
	}
	return ok
}

// isLine reports whether text has no control characters and not too many others.
func isLine(text string, most int) bool {
	n := 0
	for _, r := range text {
		if n++; n > most || r < 0x20 || (r >= 0x7f && r < 0xa0) {
			return false
		}
	}
	return true
}

func isHSCode(code string) bool {
	return len(code) >= 6 && len(code) <= 10 && consistsOf(code, digits)
}

// unmarshal reads data that follows its schema.
func unmarshal(data []byte, into *shipment.Shipment) error {
	if err := json.Unmarshal(data, into); err == nil {
		return nil
	}
	data, err := plainIntegers(data)
	if err != nil {
		return err
	}
	*into = shipment.Shipment{}
	return json.Unmarshal(data, into)
}

func fromEvent(ev event.Event) ShipmentCreated {
	created := ShipmentCreated{SpecVersion: ev.SpecVersion(), Type: ev.Type(), ID: ev.ID(), Source: ev.Source()}
	created.setTime(ev.Time())
	extensions := ev.Extensions()
	created.CorrelationID = text(extensions["correlationid"])
	created.setTrace(text(extensions["traceparent"]), text(extensions["tracestate"]))
	return created
}

// setTime sets the time, unless it is the zero time, which stands for none.
func (c *ShipmentCreated) setTime(t time.Time) {
	if !t.IsZero() {
		t = t.UTC()
		c.Time = &t
	}
}

// setTrace follows W3C Trace Context: a malformed traceparent is ignored, and
// its tracestate with it.
func (c *ShipmentCreated) setTrace(parent, state string) {
	if parent != "" && traceParent.MatchString(parent) {
		c.TraceParent, c.TraceState = parent, state
	}
}

var traceParent = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// text is how an extension's value is written; one that is not there is empty.
func text(extension any) string {
	if extension == nil {
		return ""
	}
	written, err := types.Format(extension)
	if err != nil {
		return ""
	}
	return written
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

func isJSON(contentType string) bool {
	if contentType == "" || contentType == event.ApplicationJSON {
		return true // Nothing is the JSON event format's default.
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "application/json"
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
