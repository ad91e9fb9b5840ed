package events

import (
	"bytes"
	"encoding/json"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"shipments/shipment"
)

// Request is a decoded and valid event that asks something of a process that
// runs. The signal "requested" carries it.
type Request struct {
	Type       string `json:"type"`
	ID         string `json:"id"`
	Source     string `json:"source"`
	ShipmentID string `json:"shipmentId"`
	// Reason is why a cancellation is requested.
	Reason string `json:"reason,omitempty"`
	// CollectionDate is the new day of a rebooking.
	CollectionDate string `json:"collectionDate,omitempty"`
}

// Ref returns the event's identity.
func (r Request) Ref() EventRef { return EventRef{ID: r.ID, Source: r.Source} }

// CancellationRequested is the data of shipments.cancellation-requested.
type CancellationRequested struct {
	ShipmentID string `json:"shipmentId"`
	Reason     string `json:"reason"`
}

// RebookingRequested is the data of shipments.collection-rebooking-requested.
type RebookingRequested struct {
	ShipmentID     string `json:"shipmentId"`
	CollectionDate string `json:"collectionDate"`
}

// ParseRequest reads a request that [Decode] made of a message on a subject
// (empty for none). With reasons, the event has to be rejected; the result then
// still has a valid shipment id if one could be read. Its text is normalised before
// anything else, as that of a shipment is. No input makes it panic.
func ParseRequest(ev event.Event, subject string) (r Request, reasons []shipment.Reason) {
	defer guard(&reasons)
	r = Request{Type: ev.Type(), ID: ev.ID(), Source: ev.Source()}
	if reasons := requireJSON(ev); len(reasons) > 0 {
		return r, reasons
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(ev.Data()))
	if err != nil {
		return r, []shipment.Reason{{Code: CodeInvalidData, Path: "data", Message: err.Error()}}
	}
	instance = normaliseRequest(instance)
	reasons = validate(ev.Type(), instance)
	if len(reasons) > 0 {
		r.ShipmentID = readShipmentID(ev.Data())
	} else {
		var data struct {
			ShipmentID     string `json:"shipmentId"`
			Reason         string `json:"reason"`
			CollectionDate string `json:"collectionDate"`
		}
		normal, err := json.Marshal(instance)
		if err == nil {
			err = json.Unmarshal(normal, &data)
		}
		if err != nil {
			return r, []shipment.Reason{{Code: CodeInvalidData, Path: "data", Message: err.Error()}}
		}
		r.ShipmentID, r.Reason, r.CollectionDate = data.ShipmentID, data.Reason, data.CollectionDate
	}
	return r, append(reasons, subjectMismatch(subject, ev.Type(), r.ShipmentID)...)
}
