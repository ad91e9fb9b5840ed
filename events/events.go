package events

import (
	"slices"
	"strings"

	"shipments/shipment"
)

// The event types. A type equals its NATS subject without the shipment id.
const (
	TypeCreated               = "shipments.created"
	TypeCancellationRequested = "shipments.cancellation-requested"
	TypeRebookingRequested    = "shipments.collection-rebooking-requested"
	TypeAccepted              = "shipments.accepted"
	TypeManifested            = "shipments.manifested"
	TypeDocumentsGenerated    = "shipments.documents-generated"
	TypeCollectionBooked      = "shipments.collection-booked"
	TypeManifestationVoided   = "shipments.manifestation-voided"
	TypeCompleted             = "shipments.completed"
	TypeFailed                = "shipments.failed"
	TypeCancelled             = "shipments.cancelled"
	TypeRejected              = "shipments.rejected"
)

// OutcomeTypes are the types of the events that the process publishes, in the
// order in which a shipment's story tells them.
func OutcomeTypes() []string {
	return []string{TypeAccepted, TypeManifested, TypeDocumentsGenerated, TypeCollectionBooked, TypeManifestationVoided, TypeCompleted, TypeFailed, TypeCancelled}
}

// InputTypes are the types of the events that the service takes.
func InputTypes() []string {
	return []string{TypeCreated, TypeCancellationRequested, TypeRebookingRequested}
}

// Types are all event types.
func Types() []string {
	return append(append(InputTypes(), OutcomeTypes()...), TypeRejected)
}

// The streams that hold the events.
const (
	StreamShipments  = "SHIPMENTS"
	StreamEvents     = "SHIPMENT_EVENTS"
	StreamRejections = "SHIPMENT_REJECTIONS"
)

// MaxMessageBytes bounds an input message, headers included: JetStream
// refuses a larger one, so that its publisher learns of it. It leaves room
// for a rejection, which holds the input in base64, within the server's
// default max_payload of 1 MiB.
const MaxMessageBytes = 256 << 10

// Source is the CloudEvents source of all outcome events and rejections.
const Source = "/shipments/process"

// ContentType is the media type of a CloudEvent in structured content mode.
const ContentType = "application/cloudevents+json"

// UnknownShipment stands for the shipment id in the subject of a rejection
// whose input had no valid one.
const UnknownShipment = "unknown"

// Subject is the NATS subject of an event of one shipment. The id has to be
// valid ([shipment.ValidID]); it is a programming error to pass another one,
// and Subject then answers with the subject of [UnknownShipment], so that
// nothing from outside ever forms a subject.
func Subject(eventType, shipmentID string) string {
	if !shipment.ValidID(shipmentID) {
		shipmentID = UnknownShipment
	}
	return eventType + "." + shipmentID
}

// StorySubjects matches all events of one shipment, or of all of them when id
// is empty. An id that is not valid is treated as by [Subject].
func StorySubjects(id string) string {
	if id == "" {
		return "shipments.*.*"
	}
	return Subject("shipments.*", id)
}

// subjectToken returns what follows the event type in a subject: the shipment
// id, or nothing if the publisher did not add it.
func subjectToken(subject, eventType string) string {
	token, _ := strings.CutPrefix(strings.TrimPrefix(subject, eventType), ".")
	return token
}

// SubjectType is the type of the input events that belong on a subject, or
// nothing if none do.
func SubjectType(subject string) string {
	for _, t := range InputTypes() {
		if subject == t || strings.HasPrefix(subject, t+".") {
			return t
		}
	}
	return ""
}

// SubjectShipment is the shipment id that a publisher put into the subject of
// an input, or nothing if there is no valid one.
func SubjectShipment(subject string) string {
	id := subject[strings.LastIndexByte(subject, '.')+1:]
	if slices.Contains(InputTypes(), subject) || !shipment.ValidID(id) {
		return ""
	}
	return id
}
