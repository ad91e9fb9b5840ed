package index

import (
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"shipments/events"
	"shipments/shipment"
)

// message is what the view takes from a stored message.
type message struct {
	stream, eventType, id string
	sequence              uint64
	at                    time.Time

	reference string
	carriers  []string
	tracking  []string
	category  shipment.Category
	stage     shipment.Stage
	reason    string
	// input is the sequence of the input that a rejection is about, ofRequest whether it
	// was a request.
	input     uint64
	ofRequest bool
}

// body has the members of all events that the view needs. A shipment that was
// published in binary mode has them outside of data.
type body struct {
	members

	Type string  `json:"type"`
	Data members `json:"data"`
}

type members struct {
	ShipmentID string `json:"shipmentId"`
	Reference  string `json:"reference"`
	Legs       []leg  `json:"legs"`

	Category       shipment.Category `json:"category"`
	Stage          shipment.Stage    `json:"stage"`
	ManifestedLegs []leg             `json:"manifestedLegs"`
	Outcome        struct {
		ManifestedLegs []leg `json:"manifestedLegs"`
	} `json:"outcome"`
	Failure *struct {
		Faults []fault `json:"faults"`
	} `json:"failure"`
	Faults  []fault `json:"faults"`
	Reasons []struct {
		Code string `json:"code"`
	} `json:"reasons"`
	Input struct {
		Stream         string `json:"stream"`
		StreamSequence uint64 `json:"streamSequence"`
		Subject        string `json:"subject"`
	} `json:"input"`
}

type fault struct {
	Description string `json:"description"`
}

type leg struct {
	CarrierID       string   `json:"carrierId"`
	TrackingNumbers []string `json:"trackingNumbers"`
}

const (
	// maxReference and maxTracking bound the bytes that are kept of a shipment.
	maxReference = 64
	maxTracking  = 256
)

// lenient takes what an input may have: whether it is valid is decided elsewhere.
var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// needsBody are the event types whose body has something for the view.
var needsBody = map[string]bool{
	events.TypeCreated: true, events.TypeAccepted: true, events.TypeManifested: true, events.TypeCompleted: true, events.TypeFailed: true,
	events.TypeRejected: true, events.TypeCollectionDeclined: true,
}

// decode reads a message. It is not ok if the message is about no shipment with a
// valid id.
func decode(stream, subject string, data []byte, sequence uint64, at time.Time) (m message, ok bool) {
	m = message{stream: stream, sequence: sequence, at: at}
	m.eventType, _ = events.SplitSubject(subject)
	if t, known := events.Lookup(m.eventType); !known || t.Stream != stream {
		return m, false // A subject that its stream does not have is forged.
	}
	m.id = events.SubjectShipment(subject)
	if !needsBody[m.eventType] {
		return m, m.id != ""
	}
	var c body
	if jsonv2.Unmarshal(data, &c, lenient) != nil {
		return m, m.id != "" && stream != events.StreamRejections
	}
	d := c.Data
	if d.ShipmentID == "" {
		d = c.members
	}
	switch {
	case m.id == "", stream == events.StreamRejections:
		// Inputs without a valid id share the subject of a shipment "unknown".
		m.id = d.ShipmentID
	case m.eventType == events.TypeCreated && shipment.ValidID(d.ShipmentID):
		m.id = d.ShipmentID // If the subject has another one, it is rejected as an event of this shipment.
	}
	if !shipment.ValidID(m.id) {
		return m, false
	}
	m.fill(d)
	return m, true
}

// fill takes the members. What is kept is copied: it would keep the whole message.
func (m *message) fill(d members) {
	m.id = strings.Clone(m.id)
	switch m.eventType {
	case events.TypeCreated:
		m.reference = limit(d.Reference, maxReference)
		m.carriers = carriersOf(d.Legs)
	case events.TypeAccepted:
		m.category = d.Category
	case events.TypeManifested:
		m.fillLegs(d.ManifestedLegs)
	case events.TypeCompleted:
		m.fillLegs(d.Outcome.ManifestedLegs)
	case events.TypeFailed:
		m.stage = d.Stage
		if d.Failure != nil && len(d.Failure.Faults) > 0 {
			m.reason = d.Failure.Faults[0].Description
		}
	case events.TypeCollectionDeclined:
		if len(d.Faults) > 0 {
			m.reason = d.Faults[0].Description
		}
	case events.TypeRejected:
		if len(d.Reasons) > 0 {
			m.reason = d.Reasons[0].Code
		}
		if d.Input.Stream == events.StreamShipments {
			m.input = d.Input.StreamSequence
			input, _ := events.SplitSubject(d.Input.Subject)
			m.ofRequest = events.IsRequest(input)
		}
	}
}

func (m *message) fillLegs(legs []leg) {
	m.carriers = carriersOf(legs)
	bytes := 0
	for _, l := range legs {
		for _, number := range l.TrackingNumbers {
			if bytes += len(number); bytes <= maxTracking {
				m.tracking = append(m.tracking, number)
			}
		}
	}
}

func carriersOf(legs []leg) []string {
	var ids []string
	for _, l := range legs[:min(len(legs), shipment.MaxLegs)] {
		ids = append(ids, l.CarrierID)
	}
	return ids
}

// limit cuts a text to at most so many bytes, at the end of a character.
func limit(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
