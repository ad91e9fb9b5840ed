package events

import (
	"encoding/json"

	"github.com/cloudevents/sdk-go/v2/event"

	"shipments/shipment"
)

// Request is a decoded and accepted event for a shipment whose process runs.
// It is what the signal "requested" carries.
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

// IsRequest reports whether an event type is that of a [Request].
func IsRequest(eventType string) bool {
	return eventType == TypeCancellationRequested || eventType == TypeRebookingRequested
}

// ParseRequest reads a request that was decoded from a message on the given
// subject. With reasons, the event is not acceptable; the result then still has
// a valid shipment id if one could be read. No input makes it panic.
func ParseRequest(ev event.Event, subject string) (r Request, reasons []shipment.Reason) {
	defer guard(&reasons)
	r = Request{Type: ev.Type(), ID: ev.ID(), Source: ev.Source()}
	if !isJSON(ev.DataContentType()) {
		return r, []shipment.Reason{{Code: CodeUnsupportedDataContentType, Path: "datacontenttype", Message: "use application/json"}}
	}
	reasons = ValidateData(ev.Type(), ev.Data())
	if len(reasons) > 0 {
		r.ShipmentID = readShipmentID(ev.Data())
	} else {
		var data struct {
			ShipmentID     string `json:"shipmentId"`
			Reason         string `json:"reason"`
			CollectionDate string `json:"collectionDate"`
		}
		if err := json.Unmarshal(ev.Data(), &data); err != nil {
			return r, []shipment.Reason{{Code: CodeInvalidData, Path: "data", Message: err.Error()}}
		}
		r.ShipmentID, r.Reason, r.CollectionDate = data.ShipmentID, data.Reason, data.CollectionDate
	}
	return r, append(reasons, subjectMismatch(subject, ev.Type(), r.ShipmentID)...)
}

// subjectMismatch complains of a subject whose token is another shipment id.
func subjectMismatch(subject, eventType, shipmentID string) []shipment.Reason {
	if token := subjectToken(subject, eventType); token == "" || token == shipmentID {
		return nil
	}
	return []shipment.Reason{{
		Code: CodeSubjectMismatch, Path: "/shipmentId",
		Message: "the message's subject is not that of this event: its type, or its last token, is another",
	}}
}
