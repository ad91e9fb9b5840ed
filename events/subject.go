package events

import (
	"fmt"
	"strings"

	"shipments/shipment"
	"shipments/shipment/text"
)

// UnknownShipment stands for the shipment id in the subject of a rejection
// whose input had no valid one.
const UnknownShipment = "unknown"

// Subject is the NATS subject of an event of one shipment. The id has to be
// valid ([shipment.ValidID]); another one is a programming error, for which
// Subject returns the subject of [UnknownShipment]: nothing from outside ever
// forms a subject.
func Subject(eventType, shipmentID string) string {
	if !shipment.ValidID(shipmentID) {
		shipmentID = UnknownShipment
	}
	return eventType + "." + shipmentID
}

// StorySubjects matches all events of one shipment, or of all shipments when id
// is empty. An id that is not valid is treated as by [Subject].
func StorySubjects(id string) string {
	if id == "" {
		return "shipments.*.*"
	}
	return Subject("shipments.*", id)
}

// SplitSubject takes a subject apart: the event type, which is its first two
// tokens, and what follows them. That is a shipment id where the service
// published; a publisher of inputs may have put anything there, or nothing.
func SplitSubject(subject string) (eventType, rest string) {
	first := strings.IndexByte(subject, '.') + 1
	second := strings.IndexByte(subject[first:], '.')
	if second < 0 {
		return subject, ""
	}
	return subject[:first+second], subject[first+second+1:]
}

// SubjectShipment is the shipment id in a subject, or nothing if there is no
// valid one.
func SubjectShipment(subject string) string {
	_, id := SplitSubject(subject)
	if !shipment.ValidID(id) {
		return ""
	}
	return id
}

// subjectMismatch is the reason to reject an event on a subject that is not its
// own: of another type, or with other tokens than the shipment's id. Without a
// subject there is no such reason.
func subjectMismatch(subject, eventType, shipmentID string) []shipment.Reason {
	subjectType, rest := SplitSubject(subject)
	if subject == "" || (subjectType == eventType && (rest == "" || rest == shipmentID)) {
		return nil
	}
	right := eventType
	if shipment.ValidID(shipmentID) {
		right += " or " + Subject(eventType, shipmentID)
	}
	const shown = 100 // bytes of the subject
	return []shipment.Reason{{
		Code: CodeSubjectMismatch, Path: "/shipmentId",
		Message: fmt.Sprintf("the message was published to %q: publish it to %s", text.Clip(subject, shown), right),
	}}
}
